/** Takes the place of rows that are not drawn. Its height is an attribute: the CSP forbids styles. */
export function Gap({ height }: { height: number }) {
  return (
    <tr class="gap" aria-hidden="true">
      <td>
        <svg width="1" height={height} />
      </td>
    </tr>
  );
}
