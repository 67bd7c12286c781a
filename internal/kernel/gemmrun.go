package kernel

// Run computes C = op(A)·op(B), plus bias[n] on every row unless bias is nil,
// and applies the epilogue, which must not ask for moments. With acc the result
// is added to C first.
func (g *Gemm) Run(c, a, b, bias []float32, acc bool, e Epilogue) {
	if e.moments() {
		panic("kernel: moments of a matrix product")
	}
	if g.m == 0 || g.n == 0 {
		return
	}
	if g.deep != nil && bias == nil && !acc && !e.ReLU {
		g.deep.run(c, a, b)
		return
	}
	g.c, g.a, g.b = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n]
	g.mode, g.end = 0, 0
	if bias != nil {
		g.mode |= tileBias
		copy(g.bias, bias[:g.n])
	}
	if acc {
		g.mode |= tileLoad
	}
	if e.ReLU {
		g.end = tileReLU
	}
	g.multiply()
}

// RunSum computes C = op(A)·op(B) + other [m,n], plus bias[n] on every row unless
// bias is nil, and ends with max(·, 0) if relu.
func (g *Gemm) RunSum(c, a, b, bias, other []float32, relu bool) {
	if g.m == 0 || g.n == 0 {
		return
	}
	g.c, g.a, g.b, g.other = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n], other[:g.m*g.n]
	g.mode, g.end = 0, tileSum
	if bias != nil {
		g.mode |= tileBias
		copy(g.bias, bias[:g.n])
	}
	if relu {
		g.end |= tileReLU
	}
	g.multiply()
}

// RunMasked computes C = op(A)·op(B) where mask [m,n] is positive, and 0 elsewhere.
func (g *Gemm) RunMasked(c, a, b, mask []float32) {
	if g.m == 0 || g.n == 0 {
		return
	}
	g.c, g.a, g.b, g.other = c[:g.m*g.n], a[:g.m*g.k], b[:g.k*g.n], mask[:g.m*g.n]
	g.mode, g.end = 0, tileMask
	g.multiply()
}

func (g *Gemm) multiply() {
	switch {
	case g.skip != nil && g.skip.run(g):
	case g.many != nil:
		g.panelsB.allocate()
		parallel(g.panelsB.groups(), g.packTask)
		g.many.run(g)
	default:
		g.packAhead()
		parallel(g.rowTasks*g.colTasks, g.blockTask)
	}
	g.c, g.a, g.b, g.other = nil, nil, nil, nil
}

// packAhead packs what several tasks read.
func (g *Gemm) packAhead() {
	tasks := 0
	if g.packA {
		g.panelsA.allocate()
		if g.colTasks > 1 {
			tasks += g.panelsA.groups()
		}
	}
	if g.packB {
		g.panelsB.allocate()
		if g.rowTasks > 1 {
			tasks += g.panelsB.groups()
		}
	} else if n := g.n % tileN; n != 0 && g.k > 0 {
		g.edge = grow(g.edge, g.k*tileN)
		packStraight(g.edge, 0, g.b[g.n-n:], g.n, n, tileWidth(n), g.k)
	}
	parallel(tasks, g.packTask)
}

func (g *Gemm) pack(_, task int) {
	if g.many == nil && g.packA && g.colTasks > 1 {
		if n := g.panelsA.groups(); task < n {
			g.panelsA.packGroup(g.a, task)
			return
		} else {
			task -= n
		}
	}
	g.panelsB.packGroup(g.b, task)
}

// block computes one block of C.
func (g *Gemm) block(_, task int) {
	rt, ct := task/g.colTasks, task%g.colTasks
	t0, t1 := g.panelsA.panels*rt/g.rowTasks, g.panelsA.panels*(rt+1)/g.rowTasks
	p0, p1 := g.panelsB.panels*ct/g.colTasks, g.panelsB.panels*(ct+1)/g.colTasks
	i0 := t0 * tileM
	rows := min(t1*tileM, g.m) - i0
	t := tile{crow: g.crow[:rows], arow: g.arow[:rows]}
	blocks := g.panelsA.blocks
	for block := range blocks {
		k0, k1 := g.panelsA.depth(block)
		t.step = g.step[:k1-k0]
		t.mode = tileLoad
		if block == 0 {
			t.mode = g.mode
		}
		if block == blocks-1 {
			t.mode |= g.end
		}
		switch {
		case g.packA:
			if g.colTasks == 1 {
				g.panelsA.pack(g.a, block, t0, t1)
			}
			t.a = g.panelsA.panel(block, t0)
		case g.transA:
			t.a = g.a[k0*g.m+i0:]
		default:
			t.a = g.a[i0*g.k+k0:]
		}
		for p := p0; p < p1; p++ {
			j := p * tileN
			t.c = g.c[i0*g.n+j:]
			t.bias = g.bias[j:]
			if g.other != nil {
				t.other = g.other[i0*g.n+j:]
			}
			t.cols = min(tileN, g.n-j)
			t.ldb = tileWidth(t.cols)
			switch {
			case g.packB:
				if g.rowTasks == 1 {
					g.panelsB.pack(g.b, block, p, p+1)
				}
				t.b = g.panelsB.panel(block, p)
			case t.cols < tileN:
				t.b = g.edge[k0*t.ldb:]
			case g.k > 0:
				t.b, t.ldb = g.b[k0*g.n+j:], g.n
			}
			t.run()
		}
	}
}
