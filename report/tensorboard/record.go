package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is CRC-32C rotated and shifted, so that the checksum of data that
// holds checksums is still a good one (tensorflow/core/lib/hash/crc32c.h).
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// appendRecord appends one TFRecord to b: the length of data as 8 bytes, its
// checksum, data, and the checksum of data, little endian.
func appendRecord(b, data []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b[start:start+8]))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

// Bytes of a TFRecord before and after its data.
const (
	recordHead = 12
	recordTail = 4
)

// maxRecord bounds the data of a record that is read; an event of ours is far smaller.
const maxRecord = 1 << 24

// readRecord reads the next TFRecord. It reports false at the end of the file and where the
// rest is cut off or damaged: TensorBoard reads a file up to there, too.
func readRecord(r io.Reader) (data []byte, ok bool) {
	var head [recordHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, false
	}
	length := binary.LittleEndian.Uint64(head[:])
	if binary.LittleEndian.Uint32(head[8:]) != maskedCRC(head[:8]) || length > maxRecord {
		return nil, false
	}
	data = make([]byte, length+recordTail)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, false
	}
	data, tail := data[:length], data[length:]
	return data, binary.LittleEndian.Uint32(tail) == maskedCRC(data)
}
