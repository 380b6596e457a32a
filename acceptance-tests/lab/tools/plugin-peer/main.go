// plugin-peer is a minimal provider on terraform-plugin-framework: the peer of crates/tfplugin's example `minimal` in the
// benchmark there. Both offer one resource with the same schema, and do nothing in its verbs.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	options := providerserver.ServeOpts{Address: "registry.terraform.io/example/minimal", ProtocolVersion: 5}
	if err := providerserver.Serve(context.Background(), newProvider, options); err != nil {
		log.Fatal(err)
	}
}

func newProvider() provider.Provider { return &minimal{} }

type minimal struct{}

func (*minimal) Metadata(_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse) {
	response.TypeName = "minimal"
}

func (*minimal) Schema(_ context.Context, _ provider.SchemaRequest, response *provider.SchemaResponse) {
	response.Schema = providerschema.Schema{
		MarkdownDescription: "Does nothing.",
		Attributes: map[string]providerschema.Attribute{
			"region": providerschema.StringAttribute{Optional: true, MarkdownDescription: "Where."},
		},
	}
}

func (*minimal) Configure(ctx context.Context, request provider.ConfigureRequest, response *provider.ConfigureResponse) {
	var config struct {
		Region types.String `tfsdk:"region"`
	}
	response.Diagnostics.Append(request.Config.Get(ctx, &config)...)
}

func (*minimal) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (*minimal) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &item{} }}
}

type item struct{}

// itemModel is configuration, plan and state.
type itemModel struct {
	Name    types.String            `tfsdk:"name"`
	Size    types.Int64             `tfsdk:"size"`
	Load    types.Float64           `tfsdk:"load"`
	Enabled types.Bool              `tfsdk:"enabled"`
	Tags    map[string]types.String `tfsdk:"tags"`
	Zones   []types.String          `tfsdk:"zones"`
	ID      types.String            `tfsdk:"id"`
	Rule    []rule                  `tfsdk:"rule"`
}

// rule is one block.
type rule struct {
	Action types.String `tfsdk:"action"`
	Port   types.Int64  `tfsdk:"port"`
}

func (*item) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "minimal_item"
}

func (*item) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{
		MarkdownDescription: "An item.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true, MarkdownDescription: "Its name.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"size": schema.Int64Attribute{
				Optional: true, Computed: true, MarkdownDescription: "Its size.", Default: int64default.StaticInt64(10),
			},
			"load":    schema.Float64Attribute{Optional: true, MarkdownDescription: "Its load."},
			"enabled": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it is on."},
			"tags": schema.MapAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Free text by name.",
			},
			"zones": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Where it may stand.",
			},
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Its identifier.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		},
		Blocks: map[string]schema.Block{
			"rule": schema.ListNestedBlock{
				MarkdownDescription: "A rule; the order counts.",
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"action": schema.StringAttribute{Required: true, MarkdownDescription: "What to do."},
					"port":   schema.Int64Attribute{Optional: true, MarkdownDescription: "Which."},
				}},
			},
		},
	}
}

func (*item) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var model itemModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	model.ID = model.Name
	response.Diagnostics.Append(response.State.Set(ctx, &model)...)
}

func (*item) Read(ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse) {
	var model itemModel
	response.Diagnostics.Append(request.State.Get(ctx, &model)...)
	response.Diagnostics.Append(response.State.Set(ctx, &model)...)
}

func (*item) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var model itemModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	response.Diagnostics.Append(response.State.Set(ctx, &model)...)
}

func (*item) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
