/** An ETag as it is compared: without its quotes, and without the mark of a weak one (`W/"…"`). Pure. */
export function plainEtag(text: string): string {
  return text.replace(/^W\//, '').replace(/^"|"$/g, '');
}
