#include "textflag.h"

// TAILMASK makes r the mask of the first n of eight values; n and addr are
// overwritten.
#define TAILMASK(n, addr, r) \
	LEAQ ·columnMask+64(SB), addr \
	SHLQ $2, n \
	SUBQ n, addr \
	VMOVUPS (addr), r

// func nonzeroBitsAVX2(dst *uint64, x *float32, words, ahead int)
TEXT ·nonzeroBitsAVX2(SB), NOSPLIT, $0-32
	MOVQ   dst+0(FP), DI
	MOVQ   x+8(FP), SI
	MOVQ   words+16(FP), CX
	MOVQ   ahead+24(FP), R13
	LEAQ   (SI)(R13*4), R13
	VXORPS Y15, Y15, Y15

word:
	PREFETCHT0 0(R13)
	PREFETCHT0 64(R13)
	PREFETCHT0 128(R13)
	PREFETCHT0 192(R13)
	ADDQ       $256, R13
	VCMPPS    $4, 0(SI), Y15, Y0
	VCMPPS    $4, 32(SI), Y15, Y1
	VCMPPS    $4, 64(SI), Y15, Y2
	VCMPPS    $4, 96(SI), Y15, Y3
	VCMPPS    $4, 128(SI), Y15, Y4
	VCMPPS    $4, 160(SI), Y15, Y5
	VCMPPS    $4, 192(SI), Y15, Y6
	VCMPPS    $4, 224(SI), Y15, Y7
	VMOVMSKPS Y7, AX
	VMOVMSKPS Y6, BX
	VMOVMSKPS Y5, DX
	VMOVMSKPS Y4, R8
	SHLQ      $24, AX
	SHLQ      $16, BX
	SHLQ      $8, DX
	ORQ       BX, AX
	ORQ       R8, DX
	ORQ       DX, AX
	VMOVMSKPS Y3, R9
	VMOVMSKPS Y2, R10
	VMOVMSKPS Y1, R11
	VMOVMSKPS Y0, R12
	SHLQ      $32, AX
	SHLQ      $24, R9
	SHLQ      $16, R10
	SHLQ      $8, R11
	ORQ       R10, R9
	ORQ       R12, R11
	ORQ       R11, R9
	ORQ       R9, AX
	MOVQ      AX, (DI)
	ADDQ      $256, SI
	ADDQ      $8, DI
	DECQ      CX
	JNZ       word
	VZEROUPPER
	RET

// The next entry: R9 is the row, at the columns in hand, Y15 its value.
#define NEXTENTRY \
	MOVL         (R8), R9      \
	VBROADCASTSS 4(R8), Y15    \
	LEAQ         (SI)(R9*4), R9 \
	ADDQ         $8, R8

// func addPickedAVX2(dst, b *float32, entries *Entry, count, n int)
TEXT ·addPickedAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ entries+16(FP), DX
	MOVQ count+24(FP), AX
	MOVQ n+32(FP), CX
	SUBQ $64, CX
	JLT  under64

wide:
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVUPS 128(DI), Y4
	VMOVUPS 160(DI), Y5
	VMOVUPS 192(DI), Y6
	VMOVUPS 224(DI), Y7
	MOVQ    DX, R8
	MOVQ    AX, R10

wideentry:
	NEXTENTRY
	VFMADD231PS 0(R9), Y15, Y0
	VFMADD231PS 32(R9), Y15, Y1
	VFMADD231PS 64(R9), Y15, Y2
	VFMADD231PS 96(R9), Y15, Y3
	VFMADD231PS 128(R9), Y15, Y4
	VFMADD231PS 160(R9), Y15, Y5
	VFMADD231PS 192(R9), Y15, Y6
	VFMADD231PS 224(R9), Y15, Y7
	DECQ        R10
	JNZ         wideentry
	VMOVUPS     Y0, 0(DI)
	VMOVUPS     Y1, 32(DI)
	VMOVUPS     Y2, 64(DI)
	VMOVUPS     Y3, 96(DI)
	VMOVUPS     Y4, 128(DI)
	VMOVUPS     Y5, 160(DI)
	VMOVUPS     Y6, 192(DI)
	VMOVUPS     Y7, 224(DI)
	ADDQ        $256, DI
	ADDQ        $256, SI
	SUBQ        $64, CX
	JGE         wide

under64:
	ADDQ $32, CX
	JLT  under32
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	MOVQ    DX, R8
	MOVQ    AX, R10

halfentry:
	NEXTENTRY
	VFMADD231PS 0(R9), Y15, Y0
	VFMADD231PS 32(R9), Y15, Y1
	VFMADD231PS 64(R9), Y15, Y2
	VFMADD231PS 96(R9), Y15, Y3
	DECQ        R10
	JNZ         halfentry
	VMOVUPS     Y0, 0(DI)
	VMOVUPS     Y1, 32(DI)
	VMOVUPS     Y2, 64(DI)
	VMOVUPS     Y3, 96(DI)
	ADDQ        $128, DI
	ADDQ        $128, SI
	SUBQ        $32, CX

under32:
	ADDQ $24, CX
	JLT  tail

eight:
	VMOVUPS 0(DI), Y0
	MOVQ    DX, R8
	MOVQ    AX, R10

eightentry:
	NEXTENTRY
	VFMADD231PS 0(R9), Y15, Y0
	DECQ        R10
	JNZ         eightentry
	VMOVUPS     Y0, 0(DI)
	ADDQ        $32, DI
	ADDQ        $32, SI
	SUBQ        $8, CX
	JGE         eight

tail:
	ADDQ $8, CX
	JEQ  done
	TAILMASK(CX, BX, Y14)
	VMASKMOVPS (DI), Y14, Y0
	MOVQ       DX, R8

tailentry:
	NEXTENTRY
	VMASKMOVPS  (R9), Y14, Y1
	VFMADD231PS Y1, Y15, Y0
	DECQ        AX
	JNZ         tailentry
	VMASKMOVPS  Y0, Y14, (DI)

done:
	VZEROUPPER
	RET

// func dotPickedAVX2(dst, a, b *float32, entries *Entry, count, n int)
TEXT ·dotPickedAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), R14
	MOVQ entries+24(FP), DX
	MOVQ count+32(FP), AX
	MOVQ n+40(FP), CX
	MOVQ CX, R13
	ANDQ $7, R13
	JEQ  four
	TAILMASK(R13, BX, Y14)

four:
	MOVL   (DX), R8
	MOVL   8(DX), R9
	MOVL   16(DX), R10
	MOVL   24(DX), R11
	LEAQ   (R14)(R8*4), R8
	LEAQ   (R14)(R9*4), R9
	LEAQ   (R14)(R10*4), R10
	LEAQ   (R14)(R11*4), R11
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	XORQ   BX, BX
	MOVQ   CX, R12
	SUBQ   $8, R12
	JLT    rest

column:
	VMOVUPS     (SI)(BX*4), Y4
	VFMADD231PS (R8)(BX*4), Y4, Y0
	VFMADD231PS (R9)(BX*4), Y4, Y1
	VFMADD231PS (R10)(BX*4), Y4, Y2
	VFMADD231PS (R11)(BX*4), Y4, Y3
	ADDQ        $8, BX
	CMPQ        BX, R12
	JLE         column

rest:
	TESTQ       R13, R13
	JEQ         sum
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
	VHADDPS      Y1, Y0, Y0
	VHADDPS      Y3, Y2, Y2
	VHADDPS      Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VMOVUPS      X0, (DI)
	ADDQ         $16, DI
	ADDQ         $32, DX
	SUBQ         $4, AX
	JNZ          four
	VZEROUPPER
	RET
