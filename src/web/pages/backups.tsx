import { Head } from '../kit/head.js';
import { useResource } from '../data/resource.js';
import type { SessionDocument } from '../data/documents.js';
import { useTitle } from '../routing/navigation.js';

export default function BackupsPage() {
  useTitle('Backups');
  const resource = useResource<SessionDocument>('/api/session');
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Head title="Backups" resource={resource}>
        {() => <>This page is not built yet.</>}
      </Head>
    </main>
  );
}
