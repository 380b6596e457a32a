package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// entry is a note that is kept nowhere.
type entry struct{}

type entryModel struct {
	Name     types.String   `tfsdk:"name"`
	Text     types.String   `tfsdk:"text"`
	Size     types.Int64    `tfsdk:"size"`
	Tags     types.Map      `tfsdk:"tags"`
	Path     types.String   `tfsdk:"path"`
	Sections []entrySection `tfsdk:"section"`
}

type entrySection struct {
	Title types.String `tfsdk:"title"`
	Lines types.List   `tfsdk:"lines"`
}

func (entry) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "note_entry"
}

func (entry) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"text": schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString("")},
			"size": schema.Int64Attribute{Optional: true},
			"tags": schema.MapAttribute{Optional: true, ElementType: types.StringType},
			"path": schema.StringAttribute{
				Computed:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		},
		Blocks: map[string]schema.Block{
			"section": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{
				Attributes: map[string]schema.Attribute{
					"title": schema.StringAttribute{Required: true},
					"lines": schema.ListAttribute{Optional: true, ElementType: types.StringType},
				},
			}},
		},
	}
}

func (entry) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var model entryModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	model.Path = types.StringValue("/notes/" + model.Name.ValueString())
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

func (entry) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (entry) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var model entryModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

func (entry) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
