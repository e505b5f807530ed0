import { CA_SETTING, PORT_SETTING } from '../../config/hints.js';
import {
  type Memory,
  WORKER_PORT,
  type WorkerSettings,
  captureMemory,
  stopSeconds,
  workerAdvice,
  workerMemory,
  workerWords,
} from './worker.js';

/** Manifests of Kubernetes: workers as a Deployment, shards as an Indexed Job, the head as a Job. */

export interface Cluster {
  /** An image that has `mangamotion`. */
  image: string;
  uid: number;
  gid: number;
  /** The PersistentVolumeClaim that is mounted at the folder; `undefined` for a bucket. */
  claim: string | undefined;
}

/** The backup whose shards are captured. */
export interface ShardedRun {
  type: 'full' | 'incremental';
  destination: string;
  threads: number;
}

/** The Secrets that the manifests name. */
const SETTINGS_SECRET = 'mangamotion';
const FILES_SECRET = 'mangamotion-files';
const FILES_FOLDER = '/var/lib/mangamotion';

/** A week: long enough to look at what failed on a weekend. */
const KEPT_SECONDS = 604_800;
/** A run that is told to end removes what is not whole first. */
const JOB_STOP_SECONDS = 60;

const SECRETS_ADVICE = [
  '# Settings and secrets come from the Secret that this makes of NAME=value lines, without quotes:',
  `#   kubectl create secret generic ${SETTINGS_SECRET} --from-env-file=/etc/mangamotion.env`,
  `# Addresses in it must work from inside the cluster. Files that settings name, such as ${CA_SETTING}, and the host`,
  `# key (host.key) of encrypted backups are keys of another one, which may be absent. They are in ${FILES_FOLDER}:`,
  `#   kubectl create secret generic ${FILES_SECRET} --from-file=host.key --from-file=ca.pem`,
];

export function workerDeployment(service: WorkerSettings & Cluster & { replicas: number }): string {
  const { replicas } = service;
  const args = [...workerWords(service), '--listen', `:${WORKER_PORT}`];
  return text([
    '# Made by `mangamotion schedule unit kubernetes --for worker`. Apply it with `kubectl apply -f FILE`.',
    ...SECRETS_ADVICE,
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: mangamotion-worker',
    ...labels('worker', 2),
    'spec:',
    '  # Each of them adds --concurrency shards at once: `kubectl scale deployment mangamotion-worker --replicas 8`.',
    '  # More than there are shards in a run are idle, and the store and its network are shared by all.',
    `  replicas: ${replicas}`,
    '  selector:',
    '    matchLabels: { app.kubernetes.io/name: mangamotion, app.kubernetes.io/component: worker }',
    '  template:',
    '    metadata:',
    ...labels('worker', 6),
    '    spec:',
    ...pod(service, 'worker', 6),
    '      # The grace of the worker (--grace) and what it needs after it. Raise both together.',
    `      terminationGracePeriodSeconds: ${stopSeconds(service)}`,
    '      containers:',
    '        - name: worker',
    ...container(service, args.map(argument), workerMemory(service), service.concurrency, 10, {
      above: workerAdvice(service),
      env: [],
    }),
    '          ports: [{ name: probes, containerPort: ' + `${WORKER_PORT} }]`,
    '          # Not ready while Redis is away, or while it ends. There is no liveness probe: a worker connects again by',
    '          # itself, and to restart it would only throw away the shards that it captures.',
    '          readinessProbe:',
    '            httpGet: { path: /readyz, port: probes }',
    '            periodSeconds: 10',
    '            timeoutSeconds: 5',
  ]);
}

export function shardsJob(run: ShardedRun & Cluster & { shards: number }): string {
  const { shards, type, destination, threads } = run;
  const args = [
    ...['backup', type, destination, '--workers', String(threads)].map(argument),
    // Kubernetes puts in the values of these two.
    ...['--run', '$(RUN)', '--shard', `$(JOB_COMPLETION_INDEX)+1/${shards}`].map(quoted),
  ];
  return text([
    '# Made by `mangamotion schedule unit kubernetes --for shards`, for Kubernetes 1.29 or newer. Each `kubectl create` of',
    '# this file begins a run, which has the name of the Job. The backup exists once its head has been made:',
    '#   job=$(kubectl create -f shards.yaml -o name)',
    '#   kubectl wait "$job" --for=condition=complete --timeout=24h   # `kubectl get "$job"` shows whether it has failed',
    `#   mangamotion schedule unit kubernetes ${example(destination)} --for head --run "\${job#*/}" … | kubectl create -f -`,
    `# With the same settings, \`mangamotion backup ${type} ${example(destination)} --run "\${job#*/}" --head\` does the same on`,
    '# another machine. If a share has failed for good, the head captures what is missing.',
    ...SECRETS_ADVICE,
    'apiVersion: batch/v1',
    'kind: Job',
    'metadata:',
    '  generateName: mangamotion-shards-',
    ...labels('shard', 2),
    'spec:',
    '  completionMode: Indexed',
    '  # The number of shares, which --shard below has too. More shares than pods at once even out sizes that differ.',
    `  completions: ${shards}`,
    '  # Pods at once. Lower it if the store or its network is too busy.',
    `  parallelism: ${shards}`,
    '  # Each share is tried so often before it is given up; the others go on.',
    '  backoffLimitPerIndex: 3',
    '  podFailurePolicy:',
    '    rules:',
    '      # A node that is drained is no failure of the share.',
    '      - action: Ignore',
    '        onPodConditions: [{ type: DisruptionTarget, status: "True" }]',
    '      # Wrong settings, no such destination, refused: another try ends the same way.',
    '      - action: FailIndex',
    '        onExitCodes: { containerName: shard, operator: In, values: [2, 4, 8] }',
    '  # The Job and its logs are removed after a week.',
    `  ttlSecondsAfterFinished: ${KEPT_SECONDS}`,
    '  template:',
    '    metadata:',
    ...labels('shard', 6),
    '    spec:',
    ...pod(run, 'shard', 6),
    '      restartPolicy: Never',
    `      terminationGracePeriodSeconds: ${JOB_STOP_SECONDS}`,
    '      containers:',
    '        - name: shard',
    ...container(run, args, captureMemory(threads), 1, 10, {
      above: ['# JOB_COMPLETION_INDEX begins at 0, and shares at 1.', ...threadAdvice(threads)],
      env: [
        '            - name: RUN',
        '              valueFrom:',
        '                fieldRef: { fieldPath: "metadata.labels[\'batch.kubernetes.io/job-name\']" }',
      ],
    }),
  ]);
}

export function headJob(run: ShardedRun & Cluster & { run: string }): string {
  const { type, destination, threads } = run;
  const words = ['backup', type, destination, '--workers', String(threads), '--run', run.run];
  return text([
    '# Made by `mangamotion schedule unit kubernetes --for head`. `kubectl create -f` of it makes the backup of the shards',
    '# that the run has captured. What they have not captured, it captures by itself.',
    ...SECRETS_ADVICE,
    'apiVersion: batch/v1',
    'kind: Job',
    'metadata:',
    '  generateName: mangamotion-head-',
    ...labels('head', 2),
    'spec:',
    '  backoffLimit: 3',
    '  podFailurePolicy:',
    '    rules:',
    '      - action: Ignore',
    '        onPodConditions: [{ type: DisruptionTarget, status: "True" }]',
    '      # Another try ends the same way. After 3 and 8 there is a backup, which is partial or suspect: see the log.',
    '      - action: FailJob',
    '        onExitCodes: { containerName: head, operator: In, values: [2, 3, 4, 5, 8] }',
    `  ttlSecondsAfterFinished: ${KEPT_SECONDS}`,
    '  template:',
    '    metadata:',
    ...labels('head', 6),
    '    spec:',
    ...pod(run, undefined, 6),
    '      restartPolicy: Never',
    `      terminationGracePeriodSeconds: ${JOB_STOP_SECONDS}`,
    '      containers:',
    '        - name: head',
    ...container(
      run,
      // The lock of a head whose node died ends two minutes later.
      [...words, '--head', '--wait-lock', '10m'].map(argument),
      captureMemory(threads),
      1,
      10,
      { above: threadAdvice(threads), env: [] },
    ),
  ]);
}

function threadAdvice(threads: number): string[] {
  return [
    '# --workers: threads that read objects. More help only where the store is far away or slow on each connection.',
    `# They decide the memory: up to ${captureMemory(threads).request} MiB here. Generate this file again with another value.`,
  ];
}

/** What all pods have in common. `spread`: the component whose pods are spread over the nodes. */
function pod({ uid, gid, claim }: Cluster, spread: string | undefined, indent: number): string[] {
  return indented(indent, [
    'automountServiceAccountToken: false',
    `# Kubernetes would set ${PORT_SETTING}=tcp://… where there is a Service "minio", and that is a setting of ours.`,
    'enableServiceLinks: false',
    'securityContext:',
    '  runAsNonRoot: true',
    `  runAsUser: ${uid}`,
    `  runAsGroup: ${gid}`,
    '  # Secrets as files are for this group, about which mangamotion warns where they hold keys.',
    `  fsGroup: ${gid}`,
    ...(claim === undefined ? [] : ['  fsGroupChangePolicy: OnRootMismatch']),
    '  seccompProfile: { type: RuntimeDefault }',
    ...(spread === undefined
      ? []
      : [
          '# Each node has a network connection of its own.',
          'topologySpreadConstraints:',
          '  - maxSkew: 1',
          '    topologyKey: kubernetes.io/hostname',
          '    whenUnsatisfiable: ScheduleAnyway',
          `    labelSelector: { matchLabels: { app.kubernetes.io/name: mangamotion, app.kubernetes.io/component: ${spread} } }`,
        ]),
    'volumes:',
    '  - name: tmp',
    '    emptyDir: {}',
    '  # 256 is 0400.',
    '  - name: files',
    `    secret: { secretName: ${FILES_SECRET}, optional: true, defaultMode: 256 }`,
    ...(claim === undefined
      ? []
      : [
          '  # All pods and the head write into it: ReadWriteMany, unless all run on one node.',
          '  - name: backups',
          `    persistentVolumeClaim: { claimName: ${quoted(claim)} }`,
        ]),
  ]);
}

/** The container, after its name. `args` are values of YAML. */
function container(
  { image, claim, destination }: Cluster & { destination: string },
  args: readonly string[],
  memory: Memory,
  processors: number,
  indent: number,
  { above, env }: { above: readonly string[]; env: readonly string[] },
): string[] {
  return [
    ...indented(indent, [
      `image: ${quoted(image)}`,
      'command: ["mangamotion"]',
      ...above,
      `args: [${args.join(', ')}]`,
      'envFrom:',
      `  - secretRef: { name: ${SETTINGS_SECRET} }`,
      'env:',
      '  - { name: HOME, value: /tmp }',
    ]),
    ...env,
    ...indented(indent, [
      'resources:',
      '  requests:',
      '    # One for each process that captures. There is no limit: it would slow them down while processors are idle.',
      `    cpu: ${quoted(String(processors))}`,
      `    memory: ${memory.request}Mi`,
      '  limits:',
      `    memory: ${memory.limit}Mi`,
      'securityContext:',
      '  allowPrivilegeEscalation: false',
      '  readOnlyRootFilesystem: true',
      '  capabilities: { drop: [ALL] }',
      'volumeMounts:',
      '  - { name: tmp, mountPath: /tmp }',
      `  - { name: files, mountPath: ${FILES_FOLDER}, readOnly: true }`,
      ...(claim === undefined ? [] : [`  - { name: backups, mountPath: ${quoted(destination)} }`]),
    ]),
  ];
}

function labels(component: string, indent: number): string[] {
  return indented(indent, [
    `labels: { app.kubernetes.io/name: mangamotion, app.kubernetes.io/component: ${component} }`,
  ]);
}

function indented(by: number, lines: readonly string[]): string[] {
  return lines.map((line) => ' '.repeat(by) + line);
}

/** JSON is YAML. */
function quoted(value: string): string {
  return JSON.stringify(value);
}

/** Kubernetes takes $( for the beginning of a variable, and $$ for a $. */
function argument(value: string): string {
  return quoted(value.replaceAll('$', '$$$$'));
}

/** A destination in a comment, for a shell. */
function example(destination: string): string {
  if (/^[\w@%+=:,./-]+$/.test(destination)) return destination;
  return `'${destination.replaceAll("'", `'\\''`)}'`;
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
