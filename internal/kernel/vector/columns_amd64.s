#include "textflag.h"

// The column sums keep the sums of sixteen, at the end eight, columns in
// registers over all rows; rows of one call are few enough to stay in cache.

// func sumRowsAVX2(dst, x, shift *float32, rows, n, ld int)
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ shift+16(FP), R8
	MOVQ n+32(FP), CX
	MOVQ ld+40(FP), DX
	SHLQ $2, DX

wide:
	SUBQ    $16, CX
	JLT     narrow
	MOVQ    rows+24(FP), BX
	MOVQ    SI, R10
	VMOVUPS (DI), Y4
	VMOVUPS 32(DI), Y5
	VMOVUPS (R8), Y6
	VMOVUPS 32(R8), Y7

wideRow:
	VMOVUPS (R10), Y0
	VMOVUPS 32(R10), Y1
	VSUBPS  Y6, Y0, Y0
	VSUBPS  Y7, Y1, Y1
	VADDPS  Y0, Y4, Y4
	VADDPS  Y1, Y5, Y5
	ADDQ    DX, R10
	DECQ    BX
	JNZ     wideRow
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, R8
	JMP     wide

narrow:
	ADDQ    $16, CX
	JEQ     done
	MOVQ    rows+24(FP), BX
	VMOVUPS (DI), Y4
	VMOVUPS (R8), Y6

narrowRow:
	VMOVUPS (SI), Y0
	VSUBPS  Y6, Y0, Y0
	VADDPS  Y0, Y4, Y4
	ADDQ    DX, SI
	DECQ    BX
	JNZ     narrowRow
	VMOVUPS Y4, (DI)

done:
	VZEROUPPER
	RET

// func fmaRowsAVX2(dst, x, w *float32, rows, n, ds, xs int)
TEXT ·fmaRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ w+16(FP), R8
	MOVQ rows+24(FP), BX
	MOVQ n+32(FP), CX
	MOVQ ds+40(FP), DX
	MOVQ xs+48(FP), R9

row:
	XORQ AX, AX

loop:
	VMOVUPS     (R8)(AX*4), Y1
	VMOVUPS     (DI)(AX*4), Y0
	VFMADD231PS (SI)(AX*4), Y1, Y0
	VMOVUPS     Y0, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	LEAQ        (SI)(R9*4), SI
	LEAQ        (DI)(DX*4), DI
	DECQ        BX
	JNZ         row
	VZEROUPPER
	RET

// func dotRowsAVX2(dst, x, y *float32, rows, n, xs, ys int)
TEXT ·dotRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), R8
	MOVQ rows+24(FP), BX
	MOVQ n+32(FP), CX
	MOVQ xs+40(FP), R9
	MOVQ ys+48(FP), DX

row:
	XORQ AX, AX

loop:
	VMOVUPS     (R8)(AX*4), Y1
	VMOVUPS     (DI)(AX*4), Y0
	VFMADD231PS (SI)(AX*4), Y1, Y0
	VMOVUPS     Y0, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, CX
	JLT         loop
	LEAQ        (SI)(R9*4), SI
	LEAQ        (R8)(DX*4), R8
	DECQ        BX
	JNZ         row
	VZEROUPPER
	RET

// func addRunAVX2(sum *float64, run *float32, n int)
TEXT ·addRunAVX2(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ run+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

loop:
	VCVTPS2PD (SI)(AX*4), Y0
	VCVTPS2PD 16(SI)(AX*4), Y1
	VADDPD    (DI)(AX*8), Y0, Y0
	VADDPD    32(DI)(AX*8), Y1, Y1
	VMOVUPD   Y0, (DI)(AX*8)
	VMOVUPD   Y1, 32(DI)(AX*8)
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       loop
	VZEROUPPER
	RET

// func scatterAddAVX2(dst, x, index *float32, n, c, ld int)
TEXT ·scatterAddAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ index+16(FP), R8
	MOVQ n+24(FP), BX
	MOVQ c+32(FP), CX
	MOVQ ld+40(FP), DX
	SHLQ $2, DX

row:
	CVTTSS2SQ (R8), R9
	IMULQ     DX, R9
	ADDQ      DI, R9
	XORQ      AX, AX

loop:
	VMOVUPS (R9)(AX*4), Y0
	VADDPS  (SI)(AX*4), Y0, Y0
	VMOVUPS Y0, (R9)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     loop
	ADDQ    DX, SI
	ADDQ    $4, R8
	DECQ    BX
	JNZ     row
	VZEROUPPER
	RET
