/** Writes the small, flat XML documents of AWS's query protocol. */

/** An element with text, or with further elements in the order of the object's members. Names are the caller's to keep valid. */
export type XmlContent = string | { readonly [name: string]: XmlContent };

/** `attributes` and texts are escaped; characters that XML 1.0 cannot hold become U+FFFD. */
export function writeXml(name: string, content: XmlContent, attributes: Readonly<Record<string, string>> = {}): string {
  const opening = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const inner =
    typeof content === 'string'
      ? escapeXml(content)
      : Object.entries(content)
          .map(([child, value]) => writeXml(child, value))
          .join('');
  return `<${name}${opening.join('')}>${inner}</${name}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\r': '&#13;',
};

function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"'\r]/g, (character) => entities[character]!);
}
