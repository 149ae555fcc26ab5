/**
 * What programs do on a file system. All are scripts of bash in a user VM, in a directory of the file system that is
 * measured, which has `repository`: the project under git, on branch `main`, with a branch `side` next to it.
 * /tmp/project.tar is the project, in memory.
 */
export interface Workload {
  readonly name: string
  /** Not measured; the file system is mounted anew between this and `run`. */
  readonly before?: string
  /** What is measured; ends with an error if it did not do its work. */
  readonly run: string
  /** Not measured. */
  readonly after?: string
}

/** How much is done: less where the processor is emulated. */
export interface Sizes {
  /** C files of the project. */
  readonly units: number
  /** Other files of the project. */
  readonly texts: number
  readonly transactions: number
  readonly mebibytes: number
  /** Of 4 KiB. */
  readonly randomOperations: number
}
