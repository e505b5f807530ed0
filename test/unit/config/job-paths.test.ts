import { describe, expect, it } from 'vitest';
import { parseJobPaths } from '../../../src/config/job-paths.js';

describe('paths of job files', () => {
  it('are separated by commas, blanks around them do not count, and none counts twice', () => {
    expect(parseJobPaths(' processed/{job}/result.zip, out/x/{job}.zip,out/x/{job}.zip')).toEqual([
      'processed/{job}/result.zip',
      'out/x/{job}.zip',
    ]);
  });

  it.each([
    ['', /must be paths such as processed\/\{job\}\/result\.zip, with commas between them/],
    ['processed/{job}/a.zip,', /must be paths such as/],
    ['/processed/{job}/a.zip', /must be paths such as/],
    ['{job}', /must be paths such as/],
    ['processed/{job}/', /must be paths such as/],
    ['processed/result.zip', /must have \{job\} in each path/],
    ['{job}/result.zip', /must have \{job\} in each path, behind the first slash/],
    ['processed/{job}/{user}.zip', /no placeholder but \{job\}, and there is \{user\}/],
    ['processed/{job}/{job.zip', /no placeholder but \{job\}/],
  ])('%j is wrong', (text, problem) => {
    expect(parseJobPaths(text)).toMatch(problem);
  });
});
