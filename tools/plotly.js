// The part of Plotly that the figures use: traces of the kit's plot helpers, nothing else.
import Plotly from "plotly.js/lib/core";
import bar from "plotly.js/lib/bar";
import contour from "plotly.js/lib/contour";
import heatmap from "plotly.js/lib/heatmap";
import image from "plotly.js/lib/image";

Plotly.register([bar, contour, heatmap, image]); // scatter is part of the core
export default Plotly;
