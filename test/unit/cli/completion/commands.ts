import { catalogOf } from '../world.js';

/** Commands with every kind of argument and option that a completion script knows. */
export const commands = [
  ...catalogOf(
    {
      arguments: {
        backup: { description: 'b', complete: 'file' },
        what: { description: 'w', choices: ['full', 'data'], default: 'full' },
      },
      options: {
        onConflict: { value: 'way', description: "don't [care]: x", choices: ['skip', 'fail'] },
        bucket: { short: 'b', value: 'name', description: 'one of them', repeatable: true },
      },
      changes: 'dry-run',
    },
    ['restore'],
  ).commands,
  ...catalogOf({ arguments: { folder: { description: 'f', complete: 'folder' } } }, [
    'backup',
    'list',
  ]).commands,
  ...catalogOf(
    {
      arguments: { jobs: { description: 'j', choices: ['one', 'two'], repeatable: true } },
      usesStore: true,
    },
    ['backup', 'full'],
  ).commands,
];
