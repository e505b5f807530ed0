import { describeQuirks } from './describe.js';

await describeQuirks('listings');
