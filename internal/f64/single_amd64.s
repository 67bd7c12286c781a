#include "textflag.h"

// FOUR takes four columns, which lie the given numbers of bytes behind the present ones in
// rows and in x and y.
#define FOUR(single, double) \
	VCVTPS2PD single(R8)(AX*4), Y10; \
	VCVTPS2PD single(R9)(AX*4), Y11; \
	VCVTPS2PD single(R10)(AX*4), Y12; \
	VCVTPS2PD single(R11)(AX*4), Y13; \
	VMOVUPD double(SI)(AX*8), Y8; \
	VMULPD Y10, Y4, Y9; \
	VMULPD Y12, Y6, Y14; \
	VFMADD231PD Y10, Y8, Y0; \
	VFMADD231PD Y11, Y8, Y1; \
	VFMADD231PD Y12, Y8, Y2; \
	VFMADD231PD Y13, Y8, Y3; \
	VFMADD231PD Y11, Y5, Y9; \
	VFMADD231PD Y13, Y7, Y14; \
	VADDPD double(DX)(AX*8), Y9, Y9; \
	VADDPD Y14, Y9, Y9; \
	VMOVUPD Y9, double(DX)(AX*8)

// The inner products are in Y0 to Y3, the factors of y in Y4 to Y7. The values
// ahead bytes behind each row are fetched into the cache.

// func symmetric4SingleAVX2(x, y *float64, a, b, c, d *float32, n, ahead int, f, out *[4]float64)
TEXT ·symmetric4SingleAVX2(SB), NOSPLIT, $0-80
	MOVQ         x+0(FP), SI
	MOVQ         y+8(FP), DX
	MOVQ         a+16(FP), R8
	MOVQ         b+24(FP), R9
	MOVQ         c+32(FP), R10
	MOVQ         d+40(FP), R11
	MOVQ         n+48(FP), CX
	MOVQ         ahead+56(FP), R12
	MOVQ         f+64(FP), BX
	MOVQ         out+72(FP), DI
	VXORPD       Y0, Y0, Y0
	VXORPD       Y1, Y1, Y1
	VXORPD       Y2, Y2, Y2
	VXORPD       Y3, Y3, Y3
	VBROADCASTSD (BX), Y4
	VBROADCASTSD 8(BX), Y5
	VBROADCASTSD 16(BX), Y6
	VBROADCASTSD 24(BX), Y7
	XORQ         AX, AX

	MOVQ         CX, R15
	ANDQ         $-16, R15
	JZ           four

sixteen:
	PREFETCHT0  (R8)(R12*1)
	PREFETCHT0  (R9)(R12*1)
	PREFETCHT0  (R10)(R12*1)
	PREFETCHT0  (R11)(R12*1)
	ADDQ        $64, R12
	FOUR(0, 0)
	FOUR(16, 32)
	FOUR(32, 64)
	FOUR(48, 96)
	ADDQ        $16, AX
	CMPQ        AX, R15
	JLT         sixteen
	CMPQ        AX, CX
	JGE         sum

four:
	FOUR(0, 0)
	ADDQ        $4, AX
	CMPQ        AX, CX
	JLT         four

sum:
	VHADDPD    Y1, Y0, Y0
	VHADDPD    Y3, Y2, Y2
	VPERM2F128 $0x20, Y2, Y0, Y4
	VPERM2F128 $0x31, Y2, Y0, Y5
	VADDPD     Y5, Y4, Y0
	VMOVUPD    Y0, (DI)
	VZEROUPPER
	RET

// func axpySingleAVX2(y *float64, x *float32, n int, a float64)
TEXT ·axpySingleAVX2(SB), NOSPLIT, $0-32
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD a+24(FP), Y0
	XORQ         AX, AX

four:
	VCVTPS2PD   (SI)(AX*4), Y1
	VMOVUPD     (DI)(AX*8), Y2
	VFMADD231PD Y1, Y0, Y2
	VMOVUPD     Y2, (DI)(AX*8)
	ADDQ        $4, AX
	CMPQ        AX, CX
	JLT         four
	VZEROUPPER
	RET
