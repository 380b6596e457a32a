package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

type noteProvider struct{}

func newProvider() provider.Provider { return noteProvider{} }

func (noteProvider) Metadata(_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse) {
	response.TypeName = "note"
}

func (noteProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (noteProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (noteProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (noteProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return entry{} }}
}
