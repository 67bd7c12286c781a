#include "textflag.h"

DATA dropoutConst<>+0(SB)/4, $0x9e3779b1
DATA dropoutConst<>+4(SB)/4, $0x85ebca6b
DATA dropoutConst<>+8(SB)/4, $0xc2b2ae35
DATA dropoutConst<>+12(SB)/4, $0x27d4eb2f
GLOBL dropoutConst<>(SB), RODATA|NOPTR, $16

DATA dropoutLanes<>+0(SB)/8, $0x0000000100000000
DATA dropoutLanes<>+8(SB)/8, $0x0000000300000002
DATA dropoutLanes<>+16(SB)/8, $0x0000000500000004
DATA dropoutLanes<>+24(SB)/8, $0x0000000700000006
GLOBL dropoutLanes<>(SB), RODATA|NOPTR, $32

// func dropoutAVX2(dst, x *float32, n int, first, key, limit uint32, scale float32)
TEXT ·dropoutAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS first+24(FP), Y8
	VBROADCASTSS key+28(FP), Y9
	VBROADCASTSS limit+32(FP), Y10
	VBROADCASTSS scale+36(FP), Y11
	VPBROADCASTD dropoutConst<>+0(SB), Y0
	VPMULLD      dropoutLanes<>(SB), Y0, Y1
	VPADDD       Y1, Y8, Y8
	VPSLLD       $3, Y0, Y12
	VPBROADCASTD dropoutConst<>+4(SB), Y13
	VPBROADCASTD dropoutConst<>+8(SB), Y14
	VPBROADCASTD dropoutConst<>+12(SB), Y15
	XORQ         AX, AX

loop:
	VPSRLD   $16, Y8, Y1
	VPXOR    Y8, Y1, Y1
	VPADDD   Y12, Y8, Y8
	VPMULLD  Y13, Y1, Y1
	VPSRLD   $13, Y1, Y2
	VPXOR    Y2, Y1, Y1
	VPXOR    Y9, Y1, Y1
	VPMULLD  Y14, Y1, Y1
	VPSRLD   $16, Y1, Y2
	VPXOR    Y2, Y1, Y1
	VPMULLD  Y15, Y1, Y1
	VPSRLD   $15, Y1, Y2
	VPXOR    Y2, Y1, Y1
	VPMAXUD  Y10, Y1, Y2
	VPCMPEQD Y1, Y2, Y2
	VMULPS   (SI)(AX*4), Y11, Y3
	VANDPS   Y2, Y3, Y3
	VMOVUPS  Y3, (DI)(AX*4)
	ADDQ     $8, AX
	CMPQ     AX, CX
	JLT      loop
	VZEROUPPER
	RET
