package torchvision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/option"
	"pare/layers"
	"pare/models"
	"pare/nn"
)

// ViT is a vision transformer: patches of the image as tokens, a class token in front, learned
// positions and blocks of attention and feed-forward layers with normalisation before them
// (Dosovitskiy et al. 2021). The sizes Ti and S come from Touvron et al. 2021.
type ViT struct {
	Options
	Patch   int     `yaml:"patch" range:"[1,1024]" doc:"side of the patches; must divide the sides of the images"`
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"of values added to the stream, positions included"`

	variant vitVariant
}

// vitVariant is a network of the family.
type vitVariant struct {
	name          string
	patch         int
	blocks, heads int // of 64 dimensions
	hidden        int // of the feed-forward layers
	doc           string
}

var vits = []vitVariant{
	{"vit_ti_16", 16, 12, 3, 768, "vision transformer Ti of 16×16 patches for ImageNet, 5.7 million parameters"},
	{"vit_s_16", 16, 12, 6, 1536, "vision transformer S of 16×16 patches for ImageNet, 22.1 million parameters"},
	{"vit_b_16", 16, 12, 12, 3072, "vision transformer B of 16×16 patches for ImageNet, 86.6 million parameters"},
	{"vit_b_32", 32, 12, 12, 3072, "vision transformer B of 32×32 patches for ImageNet, 88.2 million parameters"},
}

func init() {
	for _, v := range vits {
		models.Kinds.Register(v.name, v.doc, func() models.Model {
			return &ViT{Options: Options{Width: 1}, Patch: v.patch, variant: v}
		})
	}
}

func (m *ViT) design() design {
	return design{name: m.variant.name, options: &m.Options, layers: m.add, draw: m.draw}
}

// Build implements models.Model.
func (m *ViT) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	if s := task.Input; len(s) == 3 && (s[1]%m.Patch != 0 || s[2]%m.Patch != 0) {
		return nil, option.Errorf("patch", "is %d, which does not divide images of %s; resize them to a multiple, or choose another patch", m.Patch, s)
	}
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *ViT) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

// headDim is the number of dimensions of a head.
const headDim = 64

func (m *ViT) add(b *builder) {
	heads := scaled(m.variant.heads, m.Width)
	width, hidden := heads*headDim, scaled(m.variant.hidden, m.Width)
	b.patches("conv_proj", width, m.Patch)
	b.add("tokens", &layers.Tokens{})
	b.add("class_token", &layers.ClassToken{})
	x := b.add("encoder.pos_embedding", &layers.Position{})
	b.old["class_token"], b.old["encoder.pos_embedding"] = "class_token.weight", "encoder.pos_embedding.weight"
	b.timm["cls_token"], b.timm["pos_embed"] = "class_token.weight", "encoder.pos_embedding.weight"
	b.timm["patch_embed.proj"], b.timm["norm"], b.timm["head"] = "conv_proj", "encoder.ln", "heads.head"
	x = m.drop(b, "encoder.dropout", x)
	for i := range m.variant.blocks {
		x = m.block(b, fmt.Sprintf("encoder.layers.encoder_layer_%d", i), fmt.Sprintf("blocks.%d", i), x, heads, hidden)
	}
	b.layerNorm("encoder.ln", x)
	b.add("token", &layers.First{})
	b.linear("heads.head", b.classes)
}

// block adds a block that reads the stream x, of timm's name timm, and returns the stream
// behind it.
func (m *ViT) block(b *builder, name, timm, x string, heads, hidden int) string {
	attention := name + ".self_attention"
	b.layerNorm(name+".ln_1", x)
	b.linear(attention+".in_proj", 3*heads*headDim)
	for _, p := range []string{"weight", "bias"} {
		b.old[attention+".in_proj_"+p] = attention + ".in_proj." + p
	}
	b.add(attention, &layers.Attention{Heads: heads})
	y := b.add(attention+".out_proj", &layers.Linear{Out: heads * headDim})
	x = b.add(name+".add_1", &layers.Add{}, x, m.drop(b, name+".dropout", y))
	b.layerNorm(name+".ln_2", x)
	b.linear(name+".mlp.0", hidden)
	y = m.drop(b, name+".mlp.2", b.addKind(name+".mlp.1", "gelu"))
	y = b.add(name+".mlp.3", &layers.Linear{Out: heads * headDim}, y)
	for theirs, ours := range map[string]string{"norm1": "ln_1", "attn.qkv": "self_attention.in_proj", "attn.proj": "self_attention.out_proj",
		"norm2": "ln_2", "mlp.fc1": "mlp.0", "mlp.fc2": "mlp.3"} {
		b.timm[timm+"."+theirs] = name + "." + ours
	}
	return b.add(name+".add_2", &layers.Add{}, x, m.drop(b, name+".mlp.4", y))
}

func (m *ViT) drop(b *builder, name, x string) string {
	if m.Dropout == 0 {
		return x
	}
	return b.add(name, &layers.Dropout{P: m.Dropout}, x)
}

// draw draws the parameters of a layer as torchvision does: the last layer and the class token
// begin at 0.
func (m *ViT) draw(node *nn.Node, rng *rand.Rand) error {
	for _, p := range node.Layer.Params() {
		shape := p.ExportShape()
		fanIn := p.Size() / shape[0]
		switch {
		case node.Name == "encoder.pos_embedding":
			p.Normal(0.02, rng)
		case p.Role != nn.RoleWeight:
		case node.Name == "heads.head":
			p.Fill(0)
		case node.Name == "conv_proj":
			p.Normal(1/math.Sqrt(float64(fanIn)), rng)
		case node.Layer.Kind() == "linear": // Glorot & Bengio 2010, equation 16
			p.Uniform(math.Sqrt(6/float64(fanIn+shape[0])), rng)
		}
	}
	return nil
}
