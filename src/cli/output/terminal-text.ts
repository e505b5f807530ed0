/**
 * What a terminal would act on, or what would show a line as another one: C0 and C1 control
 * characters, DEL, marks that change the direction of writing, line separators, lone surrogates.
 * Object keys are made by strangers, and a key may hold any of them.
 */
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udfff]/gu;

/** The text with everything hostile as `\u001b`, for one cell or one line. */
export function visible(text: string): string {
  return text.replace(HOSTILE, escape);
}

/** As `visible`, with line ends kept: for text of several lines. */
export function visibleLines(text: string): string {
  return text.replace(HOSTILE, (character) => (character === '\n' ? '\n' : escape(character)));
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
