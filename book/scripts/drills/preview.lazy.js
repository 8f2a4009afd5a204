// Loaded with the first answer that is typed: KaTeX, which shows how it was understood.
import katex from "katex";

const show = (tex, element) => katex.render(tex, element, { throwOnError: false, output: "htmlAndMathml" });

globalThis.optimlab = { ...globalThis.optimlab, show };
