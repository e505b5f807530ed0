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
      columns: context.output.forPeople ? peopleColumns(settings) : columns,
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
  { title: 'value', name: 'value', value: ({ value }) => value },
  { title: 'source', name: 'source', value: ({ source }) => source },
  { title: 'origin', name: 'origin', value: ({ origin }) => origin },
  { title: 'secret', name: 'secret', value: ({ secret }) => secret },
  { title: 'overridden', name: 'overridden_by', value: ({ overridden_by: by }) => by },
];

/** The origin and what is not used have a column where a setting fills it. */
function peopleColumns(settings: readonly ShownSetting[]): Column<ShownSetting>[] {
  const optional: Column<ShownSetting>[] = [
    {
      title: 'from',
      name: 'origin',
      value: ({ source, origin }) => (source === 'default' ? null : origin),
      dispensable: 2,
    },
    {
      title: 'note',
      name: 'overridden_by',
      value: ({ overridden_by: by }) => (by === null ? null : `not used: ${by} is set`),
      tone: () => 'waiting',
      dispensable: 1,
      wraps: true,
    },
  ];
  return [
    // A name is copied from here: it is never cut.
    { title: 'setting', name: 'name', value: ({ name }) => name, least: Infinity },
    { title: 'value', name: 'value', value: ({ value }) => value ?? 'not set' },
    {
      title: 'source',
      name: 'source',
      value: ({ source }) => source,
      show: ({ source }) => (source === null ? '' : SOURCES[source]),
      least: Infinity,
    },
    ...optional.filter((column) =>
      settings.some((setting) => setting.value !== null && column.value(setting) !== null),
    ),
  ];
}
