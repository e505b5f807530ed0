import { describeQuirks } from './describe.js';

await describeQuirks('buckets');
