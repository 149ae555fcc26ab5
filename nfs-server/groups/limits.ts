/** How long an answer is used: as long as that, who leaves a group is still in it. */
export const groupsLifeMs = 300_000
/** How soon a lookup that failed is tried again. */
export const groupsRetryMs = 5000
/** Users remembered. */
export const usersMax = 4096
/** Lookups in progress; calls of still more users are not answered, and their clients call again. */
export const lookupsMax = 1024
