import { defineCommand } from '../argv/command.js';

export const completion = defineCommand({
  description:
    'Print a completion script for the commands and options of mangamotion. Regenerate it after an ' +
    'update. For the names of buckets, backups, jobs, users and entries of the schedule it asks ' +
    'mangamotion, with the settings in force and those typed on the line. Nothing is changed, and ' +
    'where a server does not answer within two seconds, nothing is offered or said.',
  arguments: {
    shell: { description: 'the shell to complete for', choices: ['bash', 'zsh', 'fish'] },
  },
  options: {},
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: [],
  examples: {
    'source <(mangamotion completion bash)': 'in this bash; add the line to ~/.bashrc for all',
    'mangamotion completion zsh > "${fpath[1]}/_mangamotion"': 'in zsh, from its next start',
    'mangamotion completion fish > ~/.config/fish/completions/mangamotion.fish': 'in fish',
  },
  async run(context, { shell }) {
    const { completionScript } = await import('../completion/script.js');
    const script = await completionScript(shell, context.catalog);
    await context.output.document({
      json: { shell, script },
      human: (page) => page.text(script.trimEnd()),
    });
    return undefined;
  },
});
