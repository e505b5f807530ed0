import { useEffect, useRef, useState } from 'preact/hooks';
import { useGiveBack } from '../kit/give-back.js';
import { formatBytes } from '../text/numbers.js';

interface PreviewProps {
  /** `bucket/key` */
  object: string;
  src: string;
  name: string;
  bytes: number;
  closeHref: string;
}

/** An image in a backup. On a narrow screen it lies below its list, so it takes the focus. */
export function Preview({ object, src, name, bytes, closeHref }: PreviewProps) {
  const [isBroken, setBroken] = useState(false);
  const figure = useRef<HTMLElement>(null);
  useEffect(() => figure.current?.focus(), []);
  useGiveBack(figure, { opener: object, otherwise: 'inside-h' });
  return (
    <figure tabIndex={-1} ref={figure} aria-label={`Preview of ${name}`}>
      {isBroken ? (
        <p class="note">The preview of {name} cannot be shown. Its download may say why.</p>
      ) : (
        <img
          class="preview whole"
          src={src}
          alt={`Preview of ${name}`}
          onError={() => setBroken(true)}
        />
      )}
      <figcaption class="note">
        <span class="mono">{name}</span>, {formatBytes(bytes)}{' '}
        <a href={closeHref}>Close the preview</a>
      </figcaption>
    </figure>
  );
}
