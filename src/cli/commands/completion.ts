import { defineCommand } from '../argv/command.js';

export const completion = defineCommand({
  description:
    'Print a script that teaches a shell to complete the commands and options of mangamotion. ' +
    'The script does not call mangamotion: make it anew after an update.',
  arguments: {
    shell: { description: 'the shell', choices: ['bash', 'zsh', 'fish'] },
  },
  options: {},
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: [],
  examples: [
    {
      command: 'source <(mangamotion completion bash)',
      meaning: 'for this bash; put the line into ~/.bashrc for all',
    },
    {
      command: 'mangamotion completion zsh > "${fpath[1]}/_mangamotion"',
      meaning: 'for zsh, from its next start on',
    },
    {
      command: 'mangamotion completion fish > ~/.config/fish/completions/mangamotion.fish',
      meaning: 'for fish',
    },
  ],
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
