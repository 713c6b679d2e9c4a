/**
 * Pulumi's SDK takes a stack trace for each promise. Jest sets 100 frames a trace and maps each to its source, which was four
 * fifths of the time of a test that runs the whole program.
 */
Error.stackTraceLimit = 5;
