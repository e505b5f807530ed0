import type { Reporter, TestModule } from 'vitest/node';

const COUNT = 10;

/** Prints the files that took longest, so that it is seen where the time of the suite goes. */
export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = modules
      .map((module) => ({ name: module.relativeModuleId, ms: module.diagnostic().duration }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, COUNT);
    if (files.length < 2) return;
    console.log(`\n  The ${files.length} slowest files`);
    for (const { name, ms } of files) {
      console.log(`  ${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`);
    }
  }
}
