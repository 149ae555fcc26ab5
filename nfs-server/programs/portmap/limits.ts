/** Registrations held, ours and those of other programs on this machine. */
export const registrationsMax = 1024
/** Programs of which GETSTAT counts look-ups one by one. */
export const countedProgramsMax = 64
