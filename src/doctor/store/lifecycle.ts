import { countOf } from '../../count-of.js';
import { child, children, parseXml, textOf, type XmlTree } from '../../object-store/s3/wire/xml.js';

/** A rule that removes current versions of objects. */
export interface Expiration {
  /** `after 30 days` or `on 2027-01-01`. */
  when: string;
  /** The prefix of the keys that it is for; `''` for all. */
  prefix: string;
}

/** Reads the enabled rules of a LifecycleConfiguration that expire objects which a backup holds. */
export function expirationsIn(xml: string): Expiration[] {
  const root = xml === '' ? null : parseXml(xml.replace(/^\ufeff/, ''), 'LifecycleConfiguration');
  if (root === null) return [];
  return children(root, 'Rule').flatMap((rule) => {
    const expiration = child(rule, 'Expiration');
    if (expiration === undefined || leaf(rule, 'Status') !== 'Enabled') return [];
    const days = leaf(expiration, 'Days');
    const date = leaf(expiration, 'Date');
    // What is left of it removes delete markers alone.
    if (days === undefined && date === undefined) return [];
    const when =
      days === undefined
        ? `on ${(date ?? '').slice(0, 10)}`
        : `after ${countOf(Number(days), 'day')}`;
    return [{ when, prefix: prefixOf(rule) }];
  });
}

function prefixOf(rule: XmlTree): string {
  const filter = child(rule, 'Filter');
  const and = filter === undefined ? undefined : child(filter, 'And');
  const places = [rule, filter, and].filter((place) => place !== undefined);
  return places.map((place) => leaf(place, 'Prefix')).find((text) => text !== undefined) ?? '';
}

function leaf(tree: XmlTree, name: string): string | undefined {
  return textOf(tree, name)?.trim();
}
