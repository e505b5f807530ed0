import { useState } from 'preact/hooks';
import type { ShownJobDocument, ThumbnailDocument } from '../data/documents.js';
import { useResource } from '../data/resource.js';

/** The preview of a result, which the object store gives to whoever has its address. */
export function Preview({ job }: { job: ShownJobDocument }) {
  const { id, artifacts } = job;
  const hasPreview = artifacts?.some(({ kind }) => kind === 'preview') ?? true;
  const path = hasPreview ? `/api/jobs/${encodeURIComponent(id)}/thumbnail` : undefined;
  const { data, failure } = useResource<ThumbnailDocument>(path).known.value;
  const [isBroken, setBroken] = useState(false);
  if (!hasPreview || isBroken || failure?.reason === 404)
    return <p class="note">There is no preview.</p>;
  if (failure !== undefined) return <p class="note">The preview cannot be read now.</p>;
  if (data === undefined) return <svg class="preview" viewBox="0 0 16 9" aria-hidden="true" />;
  return (
    <img
      class="preview"
      src={data.thumbnail_url}
      alt={`Preview of job ${id}`}
      width={376}
      height={212}
      onError={() => setBroken(true)}
    />
  );
}
