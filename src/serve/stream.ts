export interface StreamEnds {
  onFailure: (error: unknown) => void;
  /** Called once, whatever the end is. */
  onEnd: () => void;
}

/**
 * Makes the body of an answer of pieces that are read when the client takes them. `first` has been read
 * already. A failure cuts the connection; a client that goes away ends the generator.
 */
export function streamOf(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, undefined>,
  { onFailure, onEnd }: StreamEnds,
): ReadableStream<Uint8Array> {
  let isFirst = true;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (isFirst) {
          isFirst = false;
          controller.enqueue(first);
          return;
        }
        try {
          const { done, value } = await rest.next();
          if (done !== true) {
            controller.enqueue(value);
            return;
          }
          controller.close();
          onEnd();
        } catch (error) {
          onEnd();
          onFailure(error);
          throw error;
        }
      },
      async cancel() {
        onEnd();
        await rest.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
