#include "textflag.h"

// func addRowAVX2(dst, b, a *float32, rows int)
TEXT ·addRowAVX2(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    b+8(FP), SI
	MOVQ    a+16(FP), DX
	MOVQ    rows+24(FP), CX
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	VXORPS  Y4, Y4, Y4
	VXORPS  Y5, Y5, Y5
	VXORPS  Y6, Y6, Y6
	VXORPS  Y7, Y7, Y7
	SUBQ    $4, CX
	JLT     rest

four:
	VBROADCASTSS 0(DX), Y8
	VBROADCASTSS 4(DX), Y9
	VBROADCASTSS 8(DX), Y10
	VBROADCASTSS 12(DX), Y11
	VFMADD231PS  0(SI), Y8, Y0
	VFMADD231PS  32(SI), Y8, Y1
	VFMADD231PS  64(SI), Y9, Y2
	VFMADD231PS  96(SI), Y9, Y3
	VFMADD231PS  128(SI), Y10, Y4
	VFMADD231PS  160(SI), Y10, Y5
	VFMADD231PS  192(SI), Y11, Y6
	VFMADD231PS  224(SI), Y11, Y7
	ADDQ         $256, SI
	ADDQ         $16, DX
	SUBQ         $4, CX
	JGE          four

rest:
	ADDQ $4, CX
	JEQ  sum

one:
	VBROADCASTSS 0(DX), Y8
	VFMADD231PS  0(SI), Y8, Y0
	VFMADD231PS  32(SI), Y8, Y1
	ADDQ         $64, SI
	ADDQ         $4, DX
	DECQ         CX
	JNZ          one

sum:
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	VADDPS  Y6, Y4, Y4
	VADDPS  Y7, Y5, Y5
	VADDPS  Y4, Y0, Y0
	VADDPS  Y5, Y1, Y1
	VMOVUPS Y0, 0(DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// The next entry: R9 is the offset of its row in a panel, Y15 its value.
#define ENTRY \
	MOVL         (DX), R9    \
	VBROADCASTSS 4(DX), Y15  \
	SHLQ         $6, R9      \
	ADDQ         $8, DX

// func addEntries4AVX2(dst, b *float32, pitch int, entries *Entry, count int)
TEXT ·addEntries4AVX2(SB), NOSPLIT, $0-40
	MOVQ    dst+0(FP), DI
	MOVQ    b+8(FP), SI
	MOVQ    pitch+16(FP), R10
	MOVQ    entries+24(FP), DX
	MOVQ    count+32(FP), CX
	LEAQ    (SI)(R10*4), R11
	LEAQ    (R11)(R10*4), R12
	LEAQ    (R12)(R10*4), R13
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVUPS 128(DI), Y4
	VMOVUPS 160(DI), Y5
	VMOVUPS 192(DI), Y6
	VMOVUPS 224(DI), Y7

entry:
	ENTRY
	VFMADD231PS 0(SI)(R9*1), Y15, Y0
	VFMADD231PS 32(SI)(R9*1), Y15, Y1
	VFMADD231PS 0(R11)(R9*1), Y15, Y2
	VFMADD231PS 32(R11)(R9*1), Y15, Y3
	VFMADD231PS 0(R12)(R9*1), Y15, Y4
	VFMADD231PS 32(R12)(R9*1), Y15, Y5
	VFMADD231PS 0(R13)(R9*1), Y15, Y6
	VFMADD231PS 32(R13)(R9*1), Y15, Y7
	DECQ        CX
	JNZ         entry
	VMOVUPS     Y0, 0(DI)
	VMOVUPS     Y1, 32(DI)
	VMOVUPS     Y2, 64(DI)
	VMOVUPS     Y3, 96(DI)
	VMOVUPS     Y4, 128(DI)
	VMOVUPS     Y5, 160(DI)
	VMOVUPS     Y6, 192(DI)
	VMOVUPS     Y7, 224(DI)
	VZEROUPPER
	RET

// func addEntriesAVX2(dst, b *float32, entries *Entry, count int)
TEXT ·addEntriesAVX2(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    b+8(FP), SI
	MOVQ    entries+16(FP), DX
	MOVQ    count+24(FP), CX
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	SUBQ    $2, CX
	JLT     last

pair:
	ENTRY
	VFMADD231PS 0(SI)(R9*1), Y15, Y0
	VFMADD231PS 32(SI)(R9*1), Y15, Y1
	ENTRY
	VFMADD231PS 0(SI)(R9*1), Y15, Y2
	VFMADD231PS 32(SI)(R9*1), Y15, Y3
	SUBQ        $2, CX
	JGE         pair

last:
	ADDQ        $2, CX
	JEQ         sum
	ENTRY
	VFMADD231PS 0(SI)(R9*1), Y15, Y0
	VFMADD231PS 32(SI)(R9*1), Y15, Y1

sum:
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	VMOVUPS Y0, 0(DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// func dotEntriesAVX2(dst, a, b *float32, entries *Entry, n int)
TEXT ·dotEntriesAVX2(SB), NOSPLIT, $0-40
	MOVQ   dst+0(FP), DI
	MOVQ   a+8(FP), SI
	MOVQ   b+16(FP), R14
	MOVQ   entries+24(FP), DX
	MOVQ   n+32(FP), CX
	MOVL   (DX), R8
	MOVL   8(DX), R9
	MOVL   16(DX), R10
	MOVL   24(DX), R11
	IMULQ  CX, R8
	IMULQ  CX, R9
	IMULQ  CX, R10
	IMULQ  CX, R11
	LEAQ   (R14)(R8*4), R8
	LEAQ   (R14)(R9*4), R9
	LEAQ   (R14)(R10*4), R10
	LEAQ   (R14)(R11*4), R11
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	XORQ   BX, BX
	MOVQ   CX, R12
	SUBQ   $16, R12
	JLT    under16

sixteen:
	VMOVUPS     (SI)(BX*4), Y4
	VMOVUPS     32(SI)(BX*4), Y5
	VFMADD231PS (R8)(BX*4), Y4, Y0
	VFMADD231PS (R9)(BX*4), Y4, Y1
	VFMADD231PS (R10)(BX*4), Y4, Y2
	VFMADD231PS (R11)(BX*4), Y4, Y3
	VFMADD231PS 32(R8)(BX*4), Y5, Y8
	VFMADD231PS 32(R9)(BX*4), Y5, Y9
	VFMADD231PS 32(R10)(BX*4), Y5, Y10
	VFMADD231PS 32(R11)(BX*4), Y5, Y11
	ADDQ        $16, BX
	CMPQ        BX, R12
	JLE         sixteen

under16:
	ADDQ        $8, R12
	CMPQ        BX, R12
	JGT         under8
	VMOVUPS     (SI)(BX*4), Y4
	VFMADD231PS (R8)(BX*4), Y4, Y0
	VFMADD231PS (R9)(BX*4), Y4, Y1
	VFMADD231PS (R10)(BX*4), Y4, Y2
	VFMADD231PS (R11)(BX*4), Y4, Y3
	ADDQ        $8, BX

under8:
	SUBQ        BX, CX
	JEQ         sum
	LEAQ        ·columnMask+64(SB), R12
	SHLQ        $2, CX
	SUBQ        CX, R12
	VMOVUPS     (R12), Y14
	VMASKMOVPS  (SI)(BX*4), Y14, Y4
	VMASKMOVPS  (R8)(BX*4), Y14, Y5
	VFMADD231PS Y5, Y4, Y0
	VMASKMOVPS  (R9)(BX*4), Y14, Y5
	VFMADD231PS Y5, Y4, Y1
	VMASKMOVPS  (R10)(BX*4), Y14, Y5
	VFMADD231PS Y5, Y4, Y2
	VMASKMOVPS  (R11)(BX*4), Y14, Y5
	VFMADD231PS Y5, Y4, Y3

sum:
	VADDPS       Y8, Y0, Y0
	VADDPS       Y9, Y1, Y1
	VADDPS       Y10, Y2, Y2
	VADDPS       Y11, Y3, Y3
	VHADDPS      Y1, Y0, Y0
	VHADDPS      Y3, Y2, Y2
	VHADDPS      Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VMOVUPS      X0, (DI)
	VZEROUPPER
	RET

DATA entryPlaces<>+0(SB)/8, $0
DATA entryPlaces<>+8(SB)/8, $1
DATA entryPlaces<>+16(SB)/8, $2
DATA entryPlaces<>+24(SB)/8, $3
DATA entryPlaces<>+32(SB)/8, $4
DATA entryPlaces<>+40(SB)/8, $5
DATA entryPlaces<>+48(SB)/8, $6
DATA entryPlaces<>+56(SB)/8, $7
GLOBL entryPlaces<>(SB), RODATA|NOPTR, $64

// func listEntriesAVX2(list *Entry, ends *int32, x *float32, rows, n, ld, first int)
TEXT ·listEntriesAVX2(SB), NOSPLIT, $0-56
	MOVQ         list+0(FP), DI
	MOVQ         ends+8(FP), R10
	MOVQ         x+16(FP), SI
	MOVQ         rows+24(FP), DX
	MOVQ         n+32(FP), R11
	MOVQ         ld+40(FP), R12
	MOVQ         first+48(FP), AX
	SUBQ         R11, R12
	MOVQ         DI, R8
	LEAQ         ·entryOrder(SB), R9
	MOVQ         AX, X5
	VPBROADCASTQ X5, Y5
	VPADDQ       entryPlaces<>(SB), Y5, Y5 // places of the first values of a row
	MOVQ         $4, AX
	MOVQ         AX, X1
	VPBROADCASTQ X1, Y1
	VXORPS       X15, X15, X15

row:
	VMOVDQA      Y5, Y0
	MOVQ         R11, CX

four:
	VMOVUPS   (SI), X2
	VCMPPS    $4, X2, X15, X3
	VMOVMSKPS X3, AX
	VPMOVZXDQ X2, Y2
	VPSLLQ    $32, Y2, Y2
	VPOR      Y0, Y2, Y2
	POPCNTL   AX, BX
	SHLL      $5, AX
	VMOVDQU   (R9)(AX*1), Y4
	VPERMD    Y2, Y4, Y2
	VMOVDQU   Y2, (DI)
	LEAQ      (DI)(BX*8), DI
	VPADDQ    Y1, Y0, Y0
	ADDQ      $16, SI
	SUBQ      $4, CX
	JNZ       four
	MOVQ      DI, AX
	SUBQ      R8, AX
	SHRQ      $3, AX
	MOVL      AX, (R10)
	ADDQ      $4, R10
	LEAQ      (SI)(R12*4), SI
	DECQ      DX
	JNZ       row
	VZEROUPPER
	RET

// func listEntriesAVX512(list *Entry, ends *int32, x *float32, rows, n, ld, first int)
TEXT ·listEntriesAVX512(SB), NOSPLIT, $0-56
	MOVQ         list+0(FP), DI
	MOVQ         ends+8(FP), R10
	MOVQ         x+16(FP), SI
	MOVQ         rows+24(FP), DX
	MOVQ         n+32(FP), R11
	MOVQ         ld+40(FP), R12
	MOVQ         first+48(FP), AX
	SUBQ         R11, R12
	MOVQ         DI, R8
	VPBROADCASTQ AX, Z5
	VPADDQ       entryPlaces<>(SB), Z5, Z5
	MOVQ         $8, AX
	VPBROADCASTQ AX, Z1
	VXORPS       X15, X15, X15

row:
	VMOVDQA64    Z5, Z0
	MOVQ         R11, CX

eight:
	VMOVUPS     (SI), Y2
	VCMPPS      $4, Y2, Y15, K1
	VPMOVZXDQ   Y2, Z2
	VPSLLQ      $32, Z2, Z2
	VPORQ       Z0, Z2, Z2
	VPCOMPRESSQ Z2, K1, Z2
	VMOVDQU64   Z2, (DI)
	KMOVB       K1, AX
	POPCNTL     AX, AX
	LEAQ        (DI)(AX*8), DI
	VPADDQ      Z1, Z0, Z0
	ADDQ        $32, SI
	SUBQ        $8, CX
	JNZ         eight
	MOVQ        DI, AX
	SUBQ        R8, AX
	SHRQ        $3, AX
	MOVL        AX, (R10)
	ADDQ        $4, R10
	LEAQ        (SI)(R12*4), SI
	DECQ        DX
	JNZ         row
	VZEROUPPER
	RET
