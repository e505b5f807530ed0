import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';
import { existing, layersPlugin } from './test/lint/layers.js';

/**
 * Imports point one way: cli -> serve -> reports -> drill -> features -> repository -> archive, object-store,
 * lock, keyspace -> redis, config -> files, errors. Each part of src lists the parts that it may import from; features do not import
 * one another, and nothing imports cli. A part that is not listed is an error.
 */
const base = [
  'errors.ts',
  'count-of.ts',
  'csv.ts',
  'duration.ts',
  'format-bytes.ts',
  'in-parallel.ts',
  'instant.ts',
  'json-rows.ts',
  'json.ts',
  'key-order.ts',
  'moment.ts',
  'prefetch.ts',
  'progress.ts',
];
const layers = {
  cli: ['*'],
  serve: [
    ...['reports', 'drill', 'backup', 'billing', 'jobs', 'schedule', 'repository', 'archive'],
    ...['object-store', 'lock', 'redis', 'config', 'files', ...base],
  ],
  doctor: [
    ...['reports', 'drill', 'restore', 'billing', 'jobs', 'schedule', 'repository', 'archive'],
    ...['object-store', 'lock', 'redis', 'config', 'files', ...base],
  ],
  // Of serve only the types of documents, see below.
  web: ['serve', 'count-of.ts', 'format-bytes.ts'],
  reports: [
    ...['drill', 'backup', 'billing', 'jobs', 'schedule', 'repository', 'archive', 'object-store'],
    ...['lock', 'redis', 'config', 'files', 'job-record.ts', ...base],
  ],
  drill: [
    ...['backup', 'restore', 'billing', 'schedule', 'repository', 'archive', 'object-store'],
    ...['keyspace', 'lock', 'redis', 'config', 'files', ...base],
  ],
  'index.ts': ['billing', 'redis', 'config', 'redis-target.ts', ...base],
  backup: [
    ...['repository', 'archive', 'object-store', 'keyspace', 'redis', 'lock', 'files', ...base],
  ],
  restore: ['repository', 'archive', 'object-store', 'keyspace', 'redis', 'files', ...base],
  schedule: ['lock', 'redis', 'config', 'files', ...base],
  jobs: ['object-store', 'lock', 'redis', 'config', 'files', 'job-record.ts', ...base],
  billing: ['redis', 'config', 'files', 'job-record.ts', ...base],
  repository: ['archive', 'object-store', 'keyspace', 'lock', 'config', 'files', ...base],
  lock: ['object-store', 'files', ...base],
  archive: base,
  'object-store': ['files', ...base],
  keyspace: ['redis', ...base],
  redis: base,
  config: ['files', ...base],
  'redis-target.ts': ['redis', 'config'],
  'job-record.ts': base,
  files: ['errors.ts'],
  ...Object.fromEntries(base.map((part) => [part, base])),
};
const root = fileURLToPath(new URL('src', import.meta.url));
const project = fileURLToPath(new URL('.', import.meta.url));

/** Decisions are pure: no I/O, no clock, no chance. */
const pureFiles = existing(project, [
  'src/archive/chunking.ts',
  'src/archive/directory.ts',
  'src/archive/footer.ts',
  'src/archive/gzip.ts',
  'src/archive/index-check.ts',
  'src/archive/index-line.ts',
  'src/archive/limits.ts',
  'src/archive/paths.ts',
  'src/archive/select.ts',
  'src/archive/tar.ts',
  'src/backup/capture/failures.ts',
  'src/backup/capture/ledger.ts',
  'src/backup/capture/part-ledger.ts',
  'src/backup/guard.ts',
  'src/backup/plan/backup-plan.ts',
  'src/backup/plan/changes.ts',
  'src/backup/plan/listing-trust.ts',
  'src/backup/verify/agreement.ts',
  'src/backup/verify/rolling/pace.ts',
  'src/billing/audit.ts',
  'src/billing/calendar.ts',
  'src/billing/event.ts',
  'src/billing/explain.ts',
  'src/billing/keys.ts',
  'src/billing/money.ts',
  'src/billing/month-bill.ts',
  'src/billing/pricing.ts',
  'src/billing/counters.ts',
  'src/billing/usage.ts',
  'src/billing/usage-ledger.ts',
  'src/cli/values/',
  'src/config/settings.ts',
  'src/config/sources.ts',
  'src/drill/extrapolate.ts',
  'src/drill/journal-entry.ts',
  'src/drill/limits.ts',
  'src/drill/objectives.ts',
  'src/drill/report.ts',
  'src/drill/verdict.ts',
  'src/jobs/places.ts',
  'src/jobs/queue/fields.ts',
  'src/jobs/queue/job.ts',
  'src/jobs/queue/layout.ts',
  'src/keyspace/compare.ts',
  'src/keyspace/glob.ts',
  'src/keyspace/line.ts',
  'src/keyspace/piece-order.ts',
  'src/keyspace/value.ts',
  'src/lock/claim-rules.ts',
  'src/moment.ts',
  'src/object-store/s3/wire/',
  'src/object-store/verdicts.ts',
  'src/reports/backups/drills.ts',
  'src/repository/chain.ts',
  'src/repository/growth.ts',
  'src/repository/lines/',
  'src/repository/lock-record.ts',
  'src/repository/retention/lock-days.ts',
  'src/repository/retention/periods.ts',
  'src/repository/retention/expiry.ts',
  'src/repository/retention/policy.ts',
  'src/repository/retention/retention.ts',
  'src/repository/status.ts',
  'src/restore/attributes/attributes.ts',
  'src/restore/attributes/concessions.ts',
  'src/restore/attributes/kinds.ts',
  'src/restore/documents/documents.ts',
  'src/restore/part-size.ts',
  'src/restore/plan/consent.ts',
  'src/restore/plan/decide.ts',
  'src/restore/plan/expected-losses.ts',
  'src/restore/plan/key-cursor.ts',
  'src/restore/plan/merge.ts',
  'src/restore/plan/key-classes.ts',
  'src/restore/plan/shortfalls.ts',
  'src/restore/proof/compare-written.ts',
  'src/restore/selection.ts',
  'src/schedule/crontab/',
  'src/schedule/engine/admission.ts',
  'src/schedule/engine/due.ts',
  'src/schedule/engine/entry-table.ts',
  'src/schedule/engine/waiting-line.ts',
  'src/schedule/reports.ts',
  'src/schedule/state/merge.ts',
  'src/schedule/unit.ts',
  'src/web/billing/bill.ts',
  'src/web/billing/days.ts',
  'src/web/backups/chain.ts',
  'src/web/backups/names.ts',
  'src/web/backups/standing.ts',
  'src/web/data/decisions.ts',
  'src/web/jobs/cost-table.ts',
  'src/web/jobs/job-list.ts',
  'src/web/jobs/words.ts',
  'src/web/kit/freshness-of.ts',
  'src/web/kit/virtual.ts',
  'src/web/routing/addresses.ts',
  'src/web/schedule/day.ts',
  'src/web/schedule/runs.ts',
  'src/web/text/',
  'src/web/users/user-list.ts',
]);

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      // The first includes src without the page: a third would check the same types twice.
      parserOptions: { project: ['./test/tsconfig.json', './src/web/tsconfig.json'] },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/only-throw-error': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config reads the environment.' },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { imports: layersPlugin(root, layers) },
    rules: { 'imports/layers': 'error' },
  },
  {
    // The page runs in a browser. It knows the server's answers by their types alone.
    files: ['src/web/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '/serve/(?!schemas/)', message: 'The page imports only types of documents.' },
            {
              regex: '/serve/schemas/',
              allowTypeImports: true,
              message: 'The page imports only types of documents.',
            },
            { regex: '^node:', message: 'A browser has none of Node.js.' },
          ],
        },
      ],
    },
  },
  {
    files: pureFiles,
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'setTimeout', 'setInterval', 'process'],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'ImportDeclaration[importKind!="type"][source.value=/^node:(fs|http|net|os|child_process)/]',
          message: 'A pure file does no I/O.',
        },
        {
          selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
          message: 'A pure file does not read the clock.',
        },
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'A pure file does not read the clock.',
        },
        {
          selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
          message: 'A pure file draws no random numbers.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['{test,build}/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
