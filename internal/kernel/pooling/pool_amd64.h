// maskEnd holds the masks of up to eight values: n ones begin at byte 4·(8-n).
DATA maskEnd<>+0(SB)/8, $-1
DATA maskEnd<>+8(SB)/8, $-1
DATA maskEnd<>+16(SB)/8, $-1
DATA maskEnd<>+24(SB)/8, $-1
DATA maskEnd<>+32(SB)/8, $0
DATA maskEnd<>+40(SB)/8, $0
DATA maskEnd<>+48(SB)/8, $0
DATA maskEnd<>+56(SB)/8, $0
GLOBL maskEnd<>(SB), RODATA|NOPTR, $64

// Shared by the pooling kernels, which take eight channels at a time. If c is
// no multiple of eight, the last vector overlaps the one before; that does no
// harm where every output has one value.
//
// In all of them AX is the first channel in bytes, R11 the bytes of c channels,
// R12 the bytes of a row, R13 kh, R10 kw, BX a row of the window and DX a position
// in it.

// EACH runs TAP for every position of the window in row-major order.
#define EACH(TAP) \
	MOVQ AX, BX \
	MOVQ R13, R15 \
row: \
	MOVQ BX, DX \
	MOVQ R10, CX \
position: \
	TAP \
	ADDQ R11, DX \
	DECQ CX \
	JNZ  position \
	ADDQ R12, BX \
	DECQ R15 \
	JNZ  row

// NEXTCHANNELS goes on to the next eight channels, after LAST if they overlap
// the ones before, or falls through.
#define NEXTCHANNELS(LAST) \
	ADDQ $32, AX \
	LEAQ 32(AX), DX \
	CMPQ DX, R11 \
	JLE  channels \
	CMPQ AX, R11 \
	JGE  window \
	LAST \
	LEAQ -32(R11), AX \
	JMP  channels \
window: \

#define NOTHING

// MASKDONE masks, in Y6, the channels of the last vector that are done: all but
// the R11 - AX bytes at its end.
#define MASKDONE \
	LEAQ    maskEnd<>(SB), DX \
	ADDQ    R11, DX \
	SUBQ    AX, DX \
	VMOVUPS (DX), Y6
