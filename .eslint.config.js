import tseslint from 'typescript-eslint';

/**
 * Imports point one way: cli -> features -> repository -> archive, object-store, redis, config.
 * Each folder lists the folders it must not import from; features do not import one another.
 */
const features = ['billing', 'jobs', 'backup', 'restore', 'schedule'];
const foundation = ['archive', 'object-store', 'redis', 'config'];
const forbidden = {
  ...Object.fromEntries(
    features.map((feature) => [feature, ['cli', ...features.filter((other) => other !== feature)]]),
  ),
  repository: ['cli', ...features],
  ...Object.fromEntries(
    foundation.map((folder) => [
      folder,
      ['cli', 'repository', ...features, ...foundation.filter((other) => other !== folder)],
    ]),
  ),
};

const layerRules = Object.entries(forbidden).map(([folder, others]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${others.join('|')})/`,
            message: `src/${folder} must not import from ${others.join(', ')} (see the layers in the README).`,
          },
        ],
      },
    ],
  },
}));

/** Decisions are pure: no I/O, no clock, no chance. */
const pureFiles = [
  'src/archive/{gzip,tar,paths,chunking,line,directory,order}.ts',
  'src/**/plan.ts',
  'src/repository/{calendar,chain,expiry,growth,judged,line,policy,retention,status,unreadable}.ts',
  'src/config/{schema,sources}.ts',
  'src/schedule/{crontab,entry,entry-status,firings,import,option-comment,runs,time-fields}.ts',
  'src/schedule/{unit,upcoming,words,zone}.ts',
  'src/jobs/queue-{fields,job,layout}.ts',
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './test/tsconfig.json'] },
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
  ...layerRules,
  {
    files: pureFiles,
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'setTimeout', 'setInterval', 'process'],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportDeclaration[source.value=/^node:(fs|http|net|os|child_process)/]',
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
      'no-console': 'off',
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
