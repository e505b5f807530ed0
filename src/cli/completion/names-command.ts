/**
 * What completion scripts call for names: `mangamotion __complete KIND TYPED WORD…`. The words are those
 * before the cursor, without the program. It is in no help: its answer may change with the scripts.
 */
export const NAMES_COMMAND = '__complete';
