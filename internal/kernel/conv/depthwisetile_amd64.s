#include "textflag.h"

// Registers of the tiles: Y0..Y13 accumulate (pixel i in Y(2i) and Y(2i+1)), Y14 and Y15
// hold the weights of a tap. R8 points at the input of pixel 0 and R9 at that of pixel 1; DX
// is the distance of two pixels and BX three times it. AX points at the weights.

// Bytes for the distances among the arguments, and the registers that stay the same.
#define BEGINTILES \
	MOVQ y+0(FP), DI \
	SHLQ $2, ys+8(FP) \
	MOVQ x+16(FP), SI \
	MOVQ xs+24(FP), DX \
	SHLQ $2, DX \
	LEAQ (DX)(DX*2), BX \
	MOVQ xtap+32(FP), R10 \
	SHLQ $2, R10 \
	SHLQ $2, xrow+40(FP) \
	MOVQ wtap+56(FP), R11 \
	SHLQ $2, R11 \
	SHLQ $2, wrow+64(FP)

#define BIAS \
	MOVQ    bias+72(FP), R8 \
	VMOVUPS (R8), Y0 \
	VMOVUPS 32(R8), Y1

#define BOTH(a, b) \
	VMOVAPS Y0, a \
	VMOVAPS Y1, b

#define TAPWEIGHTS \
	VMOVUPS (AX), Y14 \
	VMOVUPS 32(AX), Y15

#define PIXEL(p, q, a, b) \
	VFMADD231PS p, Y14, a \
	VFMADD231PS q, Y15, b

#define NEXTTAP \
	ADDQ R10, R8 \
	ADDQ R10, R9 \
	ADDQ R11, AX \
	DECQ CX

#define FIRSTROW \
	MOVQ rows+88(FP), R12 \
	MOVQ SI, R13 \
	MOVQ w+48(FP), R15

#define ROW \
	MOVQ R13, R8 \
	LEAQ (R13)(DX*1), R9 \
	MOVQ R15, AX \
	MOVQ taps+80(FP), CX

#define NEXTROW \
	ADDQ xrow+40(FP), R13 \
	ADDQ wrow+64(FP), R15 \
	DECQ R12

#define FLOOR(a, b) \
	VMAXPS a, Y14, a \
	VMAXPS b, Y14, b

#define ADDTO(a, b) \
	VADDPS (R8), a, a \
	VADDPS 32(R8), b, b \
	ADDQ   R9, R8

#define STORE(a, b) \
	VMOVUPS a, (R8) \
	VMOVUPS b, 32(R8) \
	ADDQ    R9, R8

// func depthwise3AVX2(y *float32, ys int, x *float32, xs, xtap, xrow int, w *float32, wtap, wrow int, bias *float32,
//	taps, rows, tiles int, floor float32, add bool)
TEXT ·depthwise3AVX2(SB), NOSPLIT, $0-109
	BEGINTILES

tile:
	BIAS
	BOTH(Y2, Y3)
	BOTH(Y4, Y5)
	FIRSTROW
	TESTQ R12, R12
	JZ    done

row:
	ROW

tap:
	TAPWEIGHTS
	PIXEL((R8), 32(R8), Y0, Y1)
	PIXEL((R9), 32(R9), Y2, Y3)
	PIXEL((R8)(DX*2), 32(R8)(DX*2), Y4, Y5)
	NEXTTAP
	JNZ tap
	NEXTROW
	JNZ row

done:
	VBROADCASTSS floor+104(FP), Y14
	FLOOR(Y0, Y1)
	FLOOR(Y2, Y3)
	FLOOR(Y4, Y5)
	MOVQ ys+8(FP), R9
	CMPB add+108(FP), $0
	JEQ  store
	MOVQ DI, R8
	ADDTO(Y0, Y1)
	ADDTO(Y2, Y3)
	ADDTO(Y4, Y5)

store:
	MOVQ DI, R8
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	MOVQ R8, DI
	ADDQ BX, SI
	DECQ tiles+96(FP)
	JNZ  tile
	VZEROUPPER
	RET

// func depthwise5AVX2(y *float32, ys int, x *float32, xs, xtap, xrow int, w *float32, wtap, wrow int, bias *float32,
//	taps, rows, tiles int, floor float32, add bool)
TEXT ·depthwise5AVX2(SB), NOSPLIT, $0-109
	BEGINTILES

tile:
	BIAS
	BOTH(Y2, Y3)
	BOTH(Y4, Y5)
	BOTH(Y6, Y7)
	BOTH(Y8, Y9)
	FIRSTROW
	TESTQ R12, R12
	JZ    done

row:
	ROW

tap:
	TAPWEIGHTS
	PIXEL((R8), 32(R8), Y0, Y1)
	PIXEL((R9), 32(R9), Y2, Y3)
	PIXEL((R8)(DX*2), 32(R8)(DX*2), Y4, Y5)
	PIXEL((R8)(BX*1), 32(R8)(BX*1), Y6, Y7)
	PIXEL((R8)(DX*4), 32(R8)(DX*4), Y8, Y9)
	NEXTTAP
	JNZ tap
	NEXTROW
	JNZ row

done:
	VBROADCASTSS floor+104(FP), Y14
	FLOOR(Y0, Y1)
	FLOOR(Y2, Y3)
	FLOOR(Y4, Y5)
	FLOOR(Y6, Y7)
	FLOOR(Y8, Y9)
	MOVQ ys+8(FP), R9
	CMPB add+108(FP), $0
	JEQ  store
	MOVQ DI, R8
	ADDTO(Y0, Y1)
	ADDTO(Y2, Y3)
	ADDTO(Y4, Y5)
	ADDTO(Y6, Y7)
	ADDTO(Y8, Y9)

store:
	MOVQ DI, R8
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	MOVQ R8, DI
	LEAQ (SI)(DX*4), SI
	ADDQ DX, SI
	DECQ tiles+96(FP)
	JNZ  tile
	VZEROUPPER
	RET

// func depthwise7AVX2(y *float32, ys int, x *float32, xs, xtap, xrow int, w *float32, wtap, wrow int, bias *float32,
//	taps, rows, tiles int, floor float32, add bool)
TEXT ·depthwise7AVX2(SB), NOSPLIT, $0-109
	BEGINTILES

tile:
	BIAS
	BOTH(Y2, Y3)
	BOTH(Y4, Y5)
	BOTH(Y6, Y7)
	BOTH(Y8, Y9)
	BOTH(Y10, Y11)
	BOTH(Y12, Y13)
	FIRSTROW
	TESTQ R12, R12
	JZ    done

row:
	ROW

tap:
	TAPWEIGHTS
	PIXEL((R8), 32(R8), Y0, Y1)
	PIXEL((R9), 32(R9), Y2, Y3)
	PIXEL((R8)(DX*2), 32(R8)(DX*2), Y4, Y5)
	PIXEL((R8)(BX*1), 32(R8)(BX*1), Y6, Y7)
	PIXEL((R8)(DX*4), 32(R8)(DX*4), Y8, Y9)
	PIXEL((R9)(DX*4), 32(R9)(DX*4), Y10, Y11)
	PIXEL((R8)(BX*2), 32(R8)(BX*2), Y12, Y13)
	NEXTTAP
	JNZ tap
	NEXTROW
	JNZ row

done:
	VBROADCASTSS floor+104(FP), Y14
	FLOOR(Y0, Y1)
	FLOOR(Y2, Y3)
	FLOOR(Y4, Y5)
	FLOOR(Y6, Y7)
	FLOOR(Y8, Y9)
	FLOOR(Y10, Y11)
	FLOOR(Y12, Y13)
	MOVQ ys+8(FP), R9
	CMPB add+108(FP), $0
	JEQ  store
	MOVQ DI, R8
	ADDTO(Y0, Y1)
	ADDTO(Y2, Y3)
	ADDTO(Y4, Y5)
	ADDTO(Y6, Y7)
	ADDTO(Y8, Y9)
	ADDTO(Y10, Y11)
	ADDTO(Y12, Y13)

store:
	MOVQ DI, R8
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	STORE(Y10, Y11)
	STORE(Y12, Y13)
	MOVQ R8, DI
	LEAQ (SI)(BX*2), SI
	ADDQ DX, SI
	DECQ tiles+96(FP)
	JNZ  tile
	VZEROUPPER
	RET

// func depthwisePackAVX2(dst, x *float32, ld, pixels int)
TEXT ·depthwisePackAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ ld+16(FP), DX
	SHLQ $2, DX
	MOVQ pixels+24(FP), CX

pixel:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    DX, SI
	ADDQ    $64, DI
	DECQ    CX
	JNZ     pixel
	VZEROUPPER
	RET
