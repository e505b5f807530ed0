import type { CheckedSettings, Finding as SettingsFinding } from '../../config/inspect.js';
import { countOf } from '../../count-of.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, warning } from '../finding.js';
import type { SettingsFacts } from './facts.js';

/** Before the command with which a message of `config check` ends. */
const COMMAND = '; run ';

const check = checkOf<SettingsFacts>();

export const settingsChecks = [
  check('settings.files', ['settings'], ({ settings }) =>
    judgeAbout(settings, 'file', {
      fine: `${countOf(settings.files.length, 'file')} of settings read`,
      hint: 'make the file readable for this user, or change the setting that names it',
    }),
  ),
  check('settings.values', ['settings'], ({ settings }) =>
    judgeAbout(settings, 'value', {
      fine: `${countOf(settings.set, 'setting')} set, none with a wrong value`,
      fact: `${countOf(settings.set, 'setting')} set`,
      hint: 'correct it; `mangamotion config show` tells what sets each setting',
    }),
  ),
  check('settings.names', ['settings'], ({ settings }) =>
    judgeAbout(settings, 'name', {
      fine: 'no name that looks misspelt',
      hint: 'correct the name; `mangamotion help settings` lists all',
    }),
  ),
  check('settings.secrets', ['settings'], ({ settings }) =>
    judgeAbout(settings, 'secret', {
      fine: 'no file with a secret is open to all users',
      hint: 'take the rights of others away with chmod 600',
    }),
  ),
];

function judgeAbout(
  { findings }: CheckedSettings,
  about: SettingsFinding['about'],
  { fine, fact, hint }: { fine: string; fact?: string; hint: string },
): Finding {
  const found = findings.filter((finding) => finding.about === about);
  const [first] = found;
  if (first === undefined) return ok(fine, fact);
  const more = found.length === 1 ? '' : ` (and ${found.length - 1} more)`;
  const isWrong = found.some(({ kind }) => kind === 'problem');
  const [message = '', command] = first.message.split(COMMAND);
  return (isWrong ? failure : warning)(message + more, command ?? hint);
}
