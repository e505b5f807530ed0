import { useId, useState } from 'preact/hooks';

const SAID_FOR_MS = 2000;

/** A command, with a button that copies it. */
export function Command({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  const command = useId();
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_FOR_MS);
    });
  };
  return (
    <p class="cmd">
      <CommandLine text={text} id={command} />
      <button
        type="button"
        class="keep"
        onClick={copy}
        aria-live="polite"
        aria-describedby={command}
      >
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </p>
  );
}

/** A line does not break between the hyphens of an option. */
export function CommandLine({ text, id }: { text: string; id?: string }) {
  return (
    <code id={id}>
      {text
        .split(/(?<= )(--?[a-z][\w-]*)/)
        .map((part) => (part.startsWith('-') ? <span class="nowrap">{part}</span> : part))}
    </code>
  );
}
