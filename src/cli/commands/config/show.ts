import type { ShownSetting } from '../../../config/inspect.js';
import { defineCommand } from '../../argv/command.js';
import type { Column } from '../../output/columns.js';
import { fieldNames } from '../../output/fields.js';
import { countOf } from '../../output/units.js';

export const configShow = defineCommand({
  description:
    'Show the settings in force, each with its value and where it comes from: a flag, the ' +
    'environment, the env file, the configuration file, or its default. Of a secret it only says ' +
    'whether it is set. No server is contacted.',
  arguments: {},
  options: {
    all: { description: 'also show settings that are not set and have no default' },
  },
  changes: 'nothing',
  usesStore: true,
  printsRows: true,
  endsWith: [],
  examples: {
    'mangamotion config show': 'show what a command would use',
    'mangamotion config show --env-file /etc/mangamotion.env --all --json':
      'every setting, for a script',
  },
  async run(context, _arguments, { all }) {
    const { showSettings } = await import('../../../config/inspect.js');
    const { settings, problems } = await showSettings(context.configRequest);
    await context.output.rows({
      member: 'settings',
      json: (setting: ShownSetting) => setting,
      fields: fieldNames('name', 'value', 'source', 'origin', 'secret', 'overridden_by'),
      rows: settings.filter(({ value }) => all || value !== null),
      columns,
      empty: 'no setting is set',
    });
    if (problems.length > 0) {
      const wrong = countOf(problems.length, 'setting');
      const are = problems.length === 1 ? 'is' : 'are';
      context.warn(`${wrong} ${are} wrong: see \`mangamotion config check\``);
    }
    return undefined;
  },
});

const SOURCES = {
  flag: 'flag',
  environment: 'environment',
  env_file: 'env file',
  file: 'file',
  default: 'default',
} as const;

const columns: Column<ShownSetting>[] = [
  { title: 'setting', name: 'name', value: ({ name }) => name },
  { title: 'value', name: 'value', value: ({ value }) => value, show: shownValue },
  {
    title: 'source',
    name: 'source',
    value: ({ source }) => source,
    show: ({ source, origin }) =>
      source === null ? '' : `${SOURCES[source]}${origin === null ? '' : ` ${origin}`}`,
    dispensable: 1,
  },
  { title: '', name: 'origin', value: ({ origin }) => origin, show: () => '', dispensable: 3 },
  { title: '', name: 'secret', value: ({ secret }) => secret, show: () => '', dispensable: 3 },
  {
    title: '',
    name: 'overridden_by',
    value: ({ overridden_by: by }) => by,
    show: ({ overridden_by: by }) => (by === null ? '' : `not used: ${by} is set`),
    tone: () => 'waiting',
    dispensable: 2,
  },
];

function shownValue({ value }: ShownSetting): string {
  return value ?? 'not set';
}
