import { useState } from 'preact/hooks';

const SAID_FOR_MS = 2000;

/** A command, with a button that copies it. */
export function Command({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_FOR_MS);
    });
  };
  return (
    <p class="cmd">
      <code>{text}</code>
      <button type="button" class="keep" onClick={copy} aria-live="polite">
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </p>
  );
}
