export interface StreamEnds {
  /** Has to cut the connection: nothing more comes. */
  onFailure: (error: unknown) => void;
  /** Called once, whatever the end is. */
  onEnd: () => void;
}

/**
 * Makes the body of an answer of pieces that are read when the client takes them. `first` has been read
 * already. A client that goes away ends the generator. A failure is not passed on to the library of the
 * server, which would print it, and could send it.
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
