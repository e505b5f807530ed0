/** Says that an answer may be incomplete although its status is 200. Commands warn of it on stderr. */
const WARNING = 'x-mangamotion-warning';

/** Describes the header for the OpenAPI document. */
export const WARNING_HEADER = {
  [WARNING]: 'why figures may be too small or incomplete; absent if there is no reason',
} as const;

/** Returns the answer with these warnings after those that it has. They must be ASCII. */
export function withWarnings(
  answer: Response,
  warnings: readonly (string | undefined)[],
): Response {
  const before = answer.headers.get(WARNING) ?? undefined;
  const text = [before, ...warnings].filter((warning) => warning !== undefined).join('; ');
  if (text !== '') answer.headers.set(WARNING, text);
  return answer;
}
