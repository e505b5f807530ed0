import { delimiter } from 'node:path';
import process from 'node:process';

/** The programs of Node.js to test on: those in TEST_NODES, like a PATH, or this one. */
export const NODES = (process.env.TEST_NODES ?? process.execPath).split(delimiter);
