// Loaded with the first answer that is typed: the parser and the judge.
import { judge, points, understood } from "./judge.js";

globalThis.optimlab = { ...globalThis.optimlab, judge, points, understood };
