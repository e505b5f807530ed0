import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { flagOf } from '../../../../src/cli/argv/option-specs.js';
import { catalog } from '../../../../src/cli/catalog.js';
import { manPages } from '../../../../src/cli/man/pages.js';
import { roffOfMarkdown } from '../../../../src/cli/man/roff.js';
import { TOPIC_NAMES } from '../../../../src/cli/manual/topics.js';

let pages: Map<string, string>;
beforeAll(async () => {
  pages = await manPages(catalog, '1.2.3');
});

describe('the man pages', () => {
  it('are one of the program, one a topic and one a command, all of which npm installs', () => {
    const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
    const { man } = JSON.parse(text) as { man: string[] };
    expect(man).toEqual([...pages.keys()].sort().map((name) => `./dist/man/${name}`));
    expect(pages.size).toBe(1 + TOPIC_NAMES.length + catalog.commands.length);
  });

  it('of commands have all options, exit statuses and examples', async () => {
    for (const entry of catalog.commands) {
      const page = pages.get(`mangamotion-${entry.path.join('-')}.1`) ?? '';
      const { options, examples } = await entry.load();
      for (const name of Object.keys(options)) {
        expect(page).toContain(`\\fB${flagOf(name).replaceAll('-', '\\-')}\\fR`);
      }
      expect(page).toContain('.SH EXIT STATUS\n.TP\n.B 0\ndone\n');
      expect(page.match(/^\$ /gm)).toHaveLength(Object.keys(examples).length);
    }
  });

  it('have a name, a section and the version in their title', () => {
    expect(pages.get('mangamotion-restore.1')).toMatch(
      /^\.TH "MANGAMOTION\\-RESTORE" 1 "" "mangamotion 1\.2\.3" /,
    );
    expect(pages.get('mangamotion-exit-codes.7')).toContain(
      '\nmangamotion\\-exit\\-codes \\- what each exit status means\n',
    );
  });
});

describe('roff', () => {
  it('takes no text for a request, and keeps backslashes and hyphens', () => {
    expect(roffOfMarkdown(".env and -x\n\n```sh\n.TH\n'x \\n\n```\n")).toEqual([
      '.PP',
      '\\&.env and \\-x',
      '.PP',
      '.RS 4',
      '.nf',
      '\\&.TH',
      "\\&'x \\en",
      '.fi',
      '.RE',
    ]);
  });

  it('has headings, lists and code in bold', () => {
    expect(roffOfMarkdown('# Title\n\n## Two words\n\n- a `b`\n- c\n')).toEqual([
      '.SH DESCRIPTION',
      '.SH TWO WORDS',
      '.IP "\\(bu" 4',
      'a \\fBb\\fR',
      '.IP "\\(bu" 4',
      'c',
    ]);
  });
});
