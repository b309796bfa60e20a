import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeXml } from './write-xml.ts';

test('elements stand in the order of the members', () => {
  const written = writeXml('a', { z: '1', b: { c: '' } }, { xmlns: 'u:"&' });
  assert.equal(written, '<a xmlns="u:&quot;&amp;"><z>1</z><b><c></c></b></a>');
});

test('text is escaped, and what XML cannot hold is replaced', () => {
  assert.equal(writeXml('a', `<&>"'\r\n\t`), '<a>&lt;&amp;&gt;&quot;&#39;&#13;\n\t</a>');
  for (const forbidden of [0, 0x1f, 0xfffe, 0xd800, 0xdfff]) {
    assert.equal(writeXml('a', String.fromCharCode(forbidden)), '<a>\ufffd</a>');
  }
  assert.equal(writeXml('a', '\u{1f433}\u{10ffff}'), '<a>\u{1f433}\u{10ffff}</a>');
});

const texts: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#13': '\r' };

test('no text can open or close an element, and all of it can be read again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const inner = writeXml('a', text).slice('<a>'.length, -'</a>'.length);
      assert.doesNotMatch(inner, /[<>]|&(?!(?:amp|lt|gt|quot|#39|#13);)/);
      assert.equal(
        inner.replaceAll(/&([a-z0-9#]+);/g, (_, name: string) => texts[name]!),
        text,
      );
    }),
  );
});
