export interface JsonStyle {
  /** Two spaces a level; else all on one line. */
  indent: boolean;
}

/**
 * As JSON.stringify, but bigints become integers of any length, and the control characters that JSON
 * allows in strings (DEL and C1, which some terminals obey) are escaped too.
 */
export function toJson(value: object, { indent }: JsonStyle): string {
  const text = withoutBigints(value, indent) ?? write(value, indent ? '\n' : '');
  return text.replace(/[\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Returns `undefined` where there are bigints, which make JSON.stringify throw. */
function withoutBigints(value: object, indent: boolean): string | undefined {
  try {
    return JSON.stringify(value, null, indent ? 2 : 0);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** `lineStart` is a line end and the indentation of the current level, or empty for one line. */
function write(value: unknown, lineStart: string): string {
  if (typeof value === 'bigint') return value.toString();
  // An undefined item of an array; undefined members are left out.
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null || 'toJSON' in value)
    return JSON.stringify(value);
  const inner = lineStart === '' ? '' : `${lineStart}  `;
  const items = Array.isArray(value)
    ? value.map((item) => write(item, inner))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => {
          return `${JSON.stringify(name)}:${lineStart === '' ? '' : ' '}${write(member, inner)}`;
        });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (items.length === 0) return `${open ?? ''}${close ?? ''}`;
  return `${open ?? ''}${inner}${items.join(`,${inner}`)}${lineStart}${close ?? ''}`;
}
