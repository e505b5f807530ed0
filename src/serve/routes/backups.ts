import { readableSummary } from '../../repository/locate.js';
import { legacyDocument } from '../../reports/backups/legacy.js';
import {
  backupDocument,
  listBackups,
  type DestinationContent,
} from '../../reports/backups/list.js';
import { showBackup } from '../../reports/backups/show.js';
import { jsonAnswer } from '../answer.js';
import { ofMissing, type NamedDestination, type Reading } from '../destinations.js';
import { failureOf, notFound } from '../failure.js';
import { drillsByDestination } from '../drills-by-destination.js';
import { lastVerifications } from '../last-verified.js';
import { defineRoute, type Route } from '../route.js';
import { backupId, destination } from '../schemas/backup-parameters.js';
import { destinationsDocument, shownDocument } from '../schemas/backups.js';
import type { Services } from '../services.js';
import { NOT_MODIFIED_ANSWER, tagOf, taggedAnswer } from '../tagged-answer.js';

/** What destinations hold, without what is in their archives. */
export function backupRoutes({ destinations, schedule, drillFolder, now }: Services): Route[] {
  const listTags = new WeakMap<DestinationContent, string>();
  /** The list of a destination is large, and the same until it is read again. */
  const listTagOf = (content: DestinationContent): string => {
    const tag = listTags.get(content) ?? tagOf(listDocument(content));
    listTags.set(content, tag);
    return tag;
  };
  return [
    defineRoute({
      method: 'GET',
      path: '/api/backups',
      summary: 'The backups at each destination, and how they stand against their limits',
      access: 'admin',
      params: {},
      query: { destination },
      answers: {
        200: {
          description: 'the documents of `backup list` and `backup status`',
          schema: destinationsDocument,
        },
        ...NOT_MODIFIED_ANSWER,
      },
      failures: [400, 404, 502, 503],
      async respond({ query, header }) {
        const wanted =
          query.destination === undefined
            ? destinations.all
            : [destinations.choose(query.destination)];
        const readings = await Promise.all(wanted.map((named) => destinations.read(named)));
        // With nothing to show, the failure is the answer.
        const [first] = readings;
        if (first?.failure !== undefined && readings.every(({ content }) => content === undefined))
          throw first.failure;
        const verified = await lastVerifications(schedule);
        const drillsOf = await drillsByDestination(drillFolder, now());
        const known = wanted.map((named, index) => ({
          destination: named.text,
          ...readingDocument(named, readings[index]),
          last_verified: verified(named.text),
          drills: drillsOf(named, readings[index]),
        }));
        // Without the time of reading, and the ages, which whoever has the document can tell.
        const states = known.map(({ content, status, ...rest }) => ({
          ...{ ...rest, read_at: null },
          list: content === undefined ? null : listTagOf(content),
          status: withoutAges(status),
        }));
        const document = () => ({
          destinations: known.map(({ content, ...rest }) => ({
            ...rest,
            list: content === undefined ? null : listDocument(content),
          })),
        });
        return taggedAnswer(document, { tag: tagOf(states), header });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/backups/{id}',
      summary: 'The summary of a backup',
      access: 'admin',
      params: { id: backupId },
      query: { destination },
      answers: { 200: { description: 'the document of `backup show`', schema: shownDocument } },
      failures: [400, 404, 409, 502, 503],
      async respond({ params: { id }, query }) {
        const named = destinations.choose(query.destination);
        const { content, failure } = await destinations.readWith(named, id);
        if (content === undefined) throw ofMissing(failure) ?? notFound('there is no such backup');
        const { backups, legacy, location } = content;
        const entry = backups.find((one) => one.id === id);
        if (entry !== undefined)
          return jsonAnswer(showBackup(readableSummary(entry), { location, backups }).document);
        const old = legacy.find((one) => one.id === id);
        if (old === undefined) throw ofMissing(failure) ?? notFound('there is no such backup');
        return jsonAnswer(legacyDocument(old));
      },
    }),
  ];

  function readingDocument(named: NamedDestination, reading: Reading | undefined) {
    const { content, readAt, failure } = reading ?? {};
    const { message: error, code } = failure === undefined ? {} : failureOf(failure);
    return {
      read_at: readAt?.toISOString() ?? null,
      problem: failure === undefined ? null : { error, code },
      content,
      status:
        content === undefined
          ? null
          : { destination: named.text, ...destinations.statusOf(content) },
    };
  }
}

/** What time alone changes. */
const AGES = new Set(['checked_at', 'age_seconds']);

function withoutAges(status: object | null): string {
  return JSON.stringify(status, (name, value: unknown) => (AGES.has(name) ? undefined : value));
}

function listDocument(content: DestinationContent) {
  return { backups: listBackups(content).rows.map(backupDocument) };
}
