#include "textflag.h"

DATA absMask64<>+0(SB)/8, $0x7fffffffffffffff
GLOBL absMask64<>(SB), RODATA|NOPTR, $8

// TOTAL adds the lanes of Y0 to Y3 up into X0.
#define TOTAL \
	VADDPD       Y1, Y0, Y0 \
	VADDPD       Y3, Y2, Y2 \
	VADDPD       Y2, Y0, Y0 \
	VEXTRACTF128 $1, Y0, X1 \
	VADDPD       X1, X0, X0 \
	VHADDPD      X0, X0, X0

// func sumSquaresAVX2(w *float32, n int) float64
TEXT ·sumSquaresAVX2(SB), NOSPLIT, $0-24
	MOVQ   w+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3

loop:
	VCVTPS2PD   (SI), Y4
	VCVTPS2PD   16(SI), Y5
	VCVTPS2PD   32(SI), Y6
	VCVTPS2PD   48(SI), Y7
	VFMADD231PD Y4, Y4, Y0
	VFMADD231PD Y5, Y5, Y1
	VFMADD231PD Y6, Y6, Y2
	VFMADD231PD Y7, Y7, Y3
	ADDQ        $64, SI
	SUBQ        $16, CX
	JNE         loop
	TOTAL
	VMOVSD      X0, sum+16(FP)
	VZEROUPPER
	RET

// func sumAbsAVX2(w *float32, n int) float64
TEXT ·sumAbsAVX2(SB), NOSPLIT, $0-24
	MOVQ         w+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSD absMask64<>(SB), Y8
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	VXORPS       Y2, Y2, Y2
	VXORPS       Y3, Y3, Y3

loop:
	VCVTPS2PD (SI), Y4
	VCVTPS2PD 16(SI), Y5
	VCVTPS2PD 32(SI), Y6
	VCVTPS2PD 48(SI), Y7
	VANDPD    Y8, Y4, Y4
	VANDPD    Y8, Y5, Y5
	VANDPD    Y8, Y6, Y6
	VANDPD    Y8, Y7, Y7
	VADDPD    Y4, Y0, Y0
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      $64, SI
	SUBQ      $16, CX
	JNE       loop
	TOTAL
	VMOVSD    X0, sum+16(FP)
	VZEROUPPER
	RET

// Four rows at a time, so that a sum is read and written once for four values
// and memory is still read in order.

// func addColumnSquaresAVX2(sums *float64, w *float32, rows, n, ld int)
TEXT ·addColumnSquaresAVX2(SB), NOSPLIT, $0-40
	MOVQ sums+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ rows+16(FP), BX
	MOVQ n+24(FP), CX
	MOVQ ld+32(FP), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R8

four:
	SUBQ $4, BX
	JLT  rest
	LEAQ (SI)(DX*1), R9
	LEAQ (SI)(DX*2), R10
	LEAQ (SI)(R8*1), R11
	XORQ AX, AX

column4:
	VCVTPS2PD   (SI)(AX*4), Y1
	VCVTPS2PD   (R9)(AX*4), Y2
	VCVTPS2PD   (R10)(AX*4), Y3
	VCVTPS2PD   (R11)(AX*4), Y4
	VMOVUPD     (DI)(AX*8), Y0
	VFMADD231PD Y1, Y1, Y0
	VFMADD231PD Y2, Y2, Y0
	VFMADD231PD Y3, Y3, Y0
	VFMADD231PD Y4, Y4, Y0
	VMOVUPD     Y0, (DI)(AX*8)
	ADDQ        $4, AX
	CMPQ        AX, CX
	JLT         column4
	LEAQ        (R11)(DX*1), SI
	JMP         four

rest:
	ADDQ $4, BX
	JEQ  done

one:
	XORQ AX, AX

column:
	VCVTPS2PD   (SI)(AX*4), Y1
	VMOVUPD     (DI)(AX*8), Y0
	VFMADD231PD Y1, Y1, Y0
	VMOVUPD     Y0, (DI)(AX*8)
	ADDQ        $4, AX
	CMPQ        AX, CX
	JLT         column
	ADDQ        DX, SI
	DECQ        BX
	JNE         one

done:
	VZEROUPPER
	RET

// func scaleColumnsAVX2(w, factor *float32, rows, n, ld int)
TEXT ·scaleColumnsAVX2(SB), NOSPLIT, $0-40
	MOVQ   w+0(FP), DI
	MOVQ   factor+8(FP), SI
	MOVQ   rows+16(FP), BX
	MOVQ   n+24(FP), CX
	MOVQ   ld+32(FP), DX
	VXORPS Y1, Y1, Y1

row:
	XORQ AX, AX

column:
	VMOVUPS (DI)(AX*4), Y0
	VMULPS  (SI)(AX*4), Y0, Y0
	VADDPS  Y1, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     column
	LEAQ    (DI)(DX*4), DI
	DECQ    BX
	JNE     row
	VZEROUPPER
	RET
