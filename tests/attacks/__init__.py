"""Attacks on the grader, one file a family of mechanisms: what hostile notebooks try, and how one sees it work.

    attack        what an attack is, and the effects by which it is judged
    world         what there is to steal, to reach and to hurt, made anew for each attack
    run           one attack in one tier of the jail
    prove         each attack without the layers that hold it, in bubblewrap: it must work there, or it proves nothing
    unprivileged  the same as a user without rights

Families: reading, writing, processes, network, kernel, memory, exhaustion, persistence, grades; and hostile_files.
"""
